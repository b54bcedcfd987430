import { isObject, type Json, wrongField } from './neutral/read-json.ts';
import type { Edit } from './request-bytes.ts';
import type { RequestJson } from './request-json.ts';

/**
 * Reads a limit of tokens or a number of choices; undefined if the client sets none.
 *
 * Refuses a value that is no whole number from 1. Servers interpret such values differently, as no limit (`-1`, vLLM) or as a
 * number (`"10"`), so the reservation for the call could be too low.
 *
 * @throws LlmError `invalid_request`
 */
export function countField(value: Json, param: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 1) return value;
  return wrongField(param, 'a whole number from 1 on, or null');
}

/** Returns the limits among these members. @throws LlmError `invalid_request` */
export function limitsIn(body: Json, names: readonly string[]): number[] {
  const limits: number[] = [];
  if (!isObject(body)) return limits;
  for (const name of names) {
    const limit = countField(body[name], name);
    if (limit !== undefined) limits.push(limit);
  }
  return limits;
}

/**
 * Returns edits of a request's bytes that lower its limits to `most`, or add a limit.
 *
 * @param names the members that limit a response; their positions must be known
 * @param added the member that is added if the client sets no limit
 */
export function limitEdits(
  bytes: Buffer,
  { value, scan }: RequestJson,
  names: readonly string[],
  added: string,
  most: number,
): Edit[] {
  const given = names.filter((name) => value[name] !== undefined && value[name] !== null);
  if (given.length > 0) {
    return given.flatMap((name) => {
      const span = scan.spans.get(name);
      return span === undefined || Number(value[name]) <= most ? [] : [{ ...span, text: String(most) }];
    });
  }
  const span = scan.spans.get(added);
  if (span !== undefined) return [{ ...span, text: String(most) }];
  const brace = bytes.indexOf(0x7b) + 1;
  return [{ start: brace, end: brace, text: `"${added}":${most},` }];
}
