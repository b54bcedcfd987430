import { isObject, type Json, parseJson } from '../neutral/read-json.ts';

/** Members that contain codes, in any dialect. */
const NAMES: ReadonlySet<string> = new Set([
  ...['code', 'type', 'status', 'reason', '__type', 'error', 'Code', 'error_code', 'status_code', 'errorCode', 'blockReason'],
  ...['finishReason', 'finish_reason', 'errorType', 'name'],
]);
/** Members that are codes by their mere presence. */
const MARKS: ReadonlySet<string> = new Set(['contentFilter', 'flagged_input', 'content_filter_result']);
/** Maximum number of values that are read from one error. */
const MOST = 300;

/** Returns the codes at any depth of an error. They contain no client text. */
export function errorCodes(body: Json): ReadonlySet<string> {
  const codes = new Set<string>();
  let remaining = MOST;
  const walk = (value: Json, depth: number): void => {
    if (depth > 6 || remaining-- <= 0) return;
    if (Array.isArray(value)) for (const one of value) walk(one, depth + 1);
    else if (isObject(value)) {
      for (const [name, inner] of Object.entries(value)) {
        if (NAMES.has(name) && (typeof inner === 'number' || (typeof inner === 'string' && isCode(inner)))) codes.add(`${inner}`);
        else if (MARKS.has(name) && inner !== null) codes.add(name);
        else if (name.endsWith('Exception')) codes.add(name);
        // a provider's error nested in another one as JSON text
        if (name === 'raw' && typeof inner === 'string') walk(parseJson(inner), depth + 1);
        else walk(inner, depth + 1);
      }
    }
  };
  walk(body, 0);
  return codes;
}

/** Tests for a code. AWS prefixes a namespace: `com.amazon.coral.validate#ValidationException`. */
const isCode = (text: string): boolean => text.length <= 120 && /^[\w.#/-]+$/.test(text);
