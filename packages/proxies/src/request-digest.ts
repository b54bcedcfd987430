import { hash } from 'node:crypto';
import type { LlmCall } from '@sluice/core';

/**
 * What a digest covers besides the operation, the dialect and the address.
 *
 * - `response`: all that determines the response: the strategy, the feature headers and the body that providers receive
 * - `request`: what the client sent. Its body identifies a repeated request even if the gateway has rewritten it
 */
export type DigestCoverage = 'response' | 'request';

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
    operation,
    dialect,
    preferences.optimizeFor ?? '',
    featureHeaders === undefined ? '' : digestOf(featureHeaders.join('\n')),
    address === undefined ? '' : digestOf(address),
    digestOf(bytes),
  ].join('.');
}

const digestOf = (data: string | Uint8Array): string => hash('sha256', data, 'base64url');
