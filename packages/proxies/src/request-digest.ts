import { hash } from 'node:crypto';
import type { LlmCall } from '@sluice/core';

/**
 * What a digest covers besides the operation, the dialect and the address.
 *
 * - `response`: all that determines the response: the strategy, the feature headers and the request that providers receive, in
 *   its canonical form
 * - `wording`: the same without the text of the question
 * - `request`: what the client sent, byte for byte. It identifies a repeated request even if the gateway has rewritten it
 */
export type DigestCoverage = 'response' | 'wording' | 'request';

/**
 * The version of the digests of responses. It changes with the canonical form, so that entries of another version are never
 * found: replicas of both versions may run at the same time.
 */
const VERSION = '3';

/**
 * Returns a collision-safe digest of a request. Two calls with the same digest are the same call, for a cache or for a client.
 * Its format is a part of Redis keys and values: a change loses the entries of a running gateway.
 */
export function requestDigest(call: LlmCall, covers: DigestCoverage): string {
  const { operation, dialect, message, sent } = call;
  const { address, bytes } = message;
  if (covers === 'request') return `${digestOf([operation, dialect, address ?? ''].join('\n'))}.${digestOf(sent ?? bytes)}`;
  const { preferences, featureHeaders } = call;
  // no part contains a dot, so the joined parts are unambiguous
  return [
    VERSION,
    operation,
    dialect,
    preferences.optimizeFor ?? '',
    featureHeaders === undefined ? '' : digestOf(featureHeaders.join('\n')),
    address === undefined ? '' : digestOf(address),
    digestOf(message.canonical?.({ question: covers === 'wording' }) ?? bytes),
  ].join('.');
}

const digestOf = (data: string | Uint8Array): string => hash('sha256', data, 'base64url');
