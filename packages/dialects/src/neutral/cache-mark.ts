import { isObject, type JsonObject } from './read-json.ts';
import type { CacheMark } from './request.ts';

/** Reads Anthropic's `cache_control` of a block or a tool. OpenAI-compatible gateways also accept it on a part. */
export function readCacheMark(value: JsonObject): { cache?: CacheMark } {
  const mark = value['cache_control'];
  if (!isObject(mark)) return {};
  const ttl = mark['ttl'];
  return { cache: ttl === '5m' || ttl === '1h' ? { ttl } : {} };
}
