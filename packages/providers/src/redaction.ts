import { LlmError } from '@sluice/core';

/** Shorter values are words, not secrets. */
const SHORTEST = 6;
const SECRET = '[secret]';
const HOST = '[provider]';

/**
 * Takes a provider's secrets and addresses out of what it says in an error: some repeat the key that they refuse, or the address that they were asked at.
 */
export class Redaction {
  readonly #replaced: readonly (readonly [text: string, by: string])[];

  /**
   * @param headers names and values of a request's headers that may hold secrets
   * @param origins of the provider: `https://vllm.internal:8000`
   */
  constructor(headers: readonly string[], origins: readonly string[]) {
    const values = headers.filter((_, n) => n % 2 === 1).flatMap(secretsIn);
    const hosts = origins.flatMap((origin) => {
      const { host, hostname } = new URL(origin);
      return host === hostname ? [host] : [host, hostname];
    });
    this.#replaced = [...values.map((text) => [text, SECRET] as const), ...hosts.map((text) => [text, HOST] as const)]
      .filter(([text]) => text.length >= SHORTEST)
      // the longest first: a part of it must not be replaced before it
      .toSorted(([one], [other]) => other.length - one.length);
  }

  text(text: string): string {
    return this.#replaced.reduce((changed, [secret, by]) => changed.replaceAll(secret, by), text);
  }

  bytes(bytes: Buffer): Buffer {
    return this.#replaced.some(([secret]) => bytes.includes(secret)) ? Buffer.from(this.text(bytes.toString('utf8'))) : bytes;
  }

  error(error: LlmError): LlmError {
    const message = this.text(error.message);
    if (message === error.message) return error;
    const { code, param, retryAfterMs, failure, cause } = error;
    return new LlmError(code, message, {
      ...(param === undefined ? {} : { param }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      ...(failure === undefined ? {} : { failure }),
      ...(cause === undefined ? {} : { cause }),
    });
  }
}

/** A header's value, and the secret in it: `Bearer SECRET`, or the parts of an AWS signature. */
function secretsIn(value: string): string[] {
  const parts = [...value.matchAll(/(?:Bearer|Basic) (\S+)|(?:Credential|Signature)=([^,\s/]+)/g)];
  return [value, ...parts.map(([, token, part]) => token ?? part ?? '')];
}
