import type { DialectName } from '@sluice/core';
import { unmarkMessages } from './anthropic-messages/unmark-request.ts';
import { unmarkContents } from './gemini/unmark-request.ts';
import { isObject, type JsonObject, parseJson } from './neutral/read-json.ts';
import { mayHoldMarks } from './neutral/sealed.ts';
import type { Unmarked, UnmarkOptions } from './neutral/unmarked.ts';
import { unmarkChat } from './openai-chat/unmark-request.ts';
import { unmarkInput } from './openai-responses/unmark-request.ts';

interface Unmarking {
  /** Members that may contain a mark. A request without them is not parsed. */
  readonly carriers: readonly Buffer[];
  unmark(body: JsonObject, options: UnmarkOptions): Unmarked;
}

const carriers = (...names: readonly string[]): Buffer[] => names.map((name) => Buffer.from(name));

const UNMARKING: Partial<Readonly<Record<DialectName, Unmarking>>> = {
  'openai-chat': { carriers: carriers('"reasoning_details"', '"thought_signature"'), unmark: unmarkChat },
  'openai-responses': { carriers: carriers('"encrypted_content"'), unmark: unmarkInput },
  'anthropic-messages': { carriers: carriers('thinking"'), unmark: unmarkMessages },
  gemini: { carriers: carriers('"thoughtSignature"', '"thought_signature"'), unmark: unmarkContents },
};

/**
 * Removes the gateway's own marks from a pass-through request. A marked value is returned to the provider that created it, and
 * omitted for others. Returns undefined for a request without marks, which a few byte searches decide.
 */
export function unmarkRequest(dialect: DialectName, bytes: Buffer, options: UnmarkOptions): Unmarked | undefined {
  const unmarking = UNMARKING[dialect];
  if (unmarking === undefined) return undefined;
  const found = unmarking.carriers.some((carrier) => bytes.includes(carrier)) && mayHoldMarks(bytes);
  if (!found && options.always !== true) return undefined;
  const body = parseJson(bytes.toString('utf8'));
  if (!isObject(body)) return undefined;
  const unmarked = unmarking.unmark(body, options);
  // a text may begin like a mark
  return JSON.stringify(unmarked.body) === JSON.stringify(body) ? undefined : unmarked;
}
