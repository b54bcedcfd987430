import { LlmError } from '@sluice/core';

/** Minimum length of a secret. Shorter values are ordinary words. */
const SHORTEST = 6;
const SECRET = '[secret]';
const HOST = '[provider]';

const IPV4_REST = String.raw`(?:\.\d{1,3})`;
const PRIVATE_IPV4 = [
  `(?:10|127)${IPV4_REST}{3}`,
  String.raw`(?:192\.168|169\.254|172\.(?:1[6-9]|2\d|3[01]))${IPV4_REST}{2}`,
].join('|');
/** Hosts that no public URL has: IPv6 literals, names without a dot, and names that only a private DNS resolves. */
const PRIVATE_HOST = String.raw`\[[0-9a-f:]+\]|[a-z0-9-]+(?![a-z0-9.-])|[a-z0-9.-]+\.(?:internal|local|svc|lan|localhost)(?![a-z0-9.-])`;
/** Private addresses (RFC 1918, RFC 3927, loopback), and private hosts in URLs, with their ports. */
const INTERNAL = new RegExp(
  String.raw`(?<![\d.])(?:${PRIVATE_IPV4})(?:\:\d+)?(?!\d)|(?<=https?://)(?:${PRIVATE_HOST})(?::\d+)?`,
  'gi',
);

/**
 * Removes a provider's secrets and addresses, and all private addresses, from its errors. Some providers repeat the refused
 * key, the address of the request, or an address behind their own gateway.
 */
export class Redaction {
  readonly #replaced: readonly (readonly [text: string, by: string])[];

  /**
   * @param headers names and values of a request's headers that may contain secrets
   * @param origins origins of the provider: `https://vllm.internal:8000`
   */
  constructor(headers: readonly string[], origins: readonly string[]) {
    const values = headers.filter((_, n) => n % 2 === 1).flatMap(secretsIn);
    const hosts = origins.flatMap((origin) => {
      const { host, hostname } = new URL(origin);
      return host === hostname ? [host] : [host, hostname];
    });
    this.#replaced = [...values.map((text) => [text, SECRET] as const), ...hosts.map((text) => [text, HOST] as const)]
      .filter(([text]) => text.length >= SHORTEST)
      // longest first, so that a secret is replaced before its own parts
      .toSorted(([one], [other]) => other.length - one.length);
  }

  text(text: string): string {
    return this.#replaced.reduce((changed, [secret, by]) => changed.replaceAll(secret, by), text).replace(INTERNAL, HOST);
  }

  bytes(bytes: Buffer): Buffer {
    const text = bytes.toString('utf8');
    const changed = this.text(text);
    return changed === text ? bytes : Buffer.from(changed);
  }

  error(error: LlmError): LlmError {
    const message = this.text(error.message);
    if (message === error.message) return error;
    const { code, param, retryAfterMs, failure, cause } = error;
    return new LlmError(code, message, { param, retryAfterMs, failure, cause });
  }
}

/** Returns a header's value and the secrets in it: `Bearer SECRET`, or the parts of an AWS signature. */
function secretsIn(value: string): string[] {
  const parts = [...value.matchAll(/(?:Bearer|Basic) (\S+)|(?:Credential|Signature)=([^,\s/]+)/g)];
  return [value, ...parts.map(([, token, part]) => token ?? part ?? '')];
}
