import { isObject, type JsonObject, parseJson } from '@sluice/dialects';

/**
 * Returns the body of a request to Claude at a cloud provider: with the version, and without the members that are in the
 * address.
 */
export function claudeBody(bytes: Buffer, version: string, without: readonly string[]): Buffer {
  const value = parseJson(bytes.toString('utf8'));
  const body: JsonObject = isObject(value) ? value : {};
  const kept = Object.entries(body).filter(([name]) => !without.includes(name));
  return Buffer.from(JSON.stringify({ anthropic_version: version, ...Object.fromEntries(kept) }));
}
