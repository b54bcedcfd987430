import { defined } from '@sluice/core';
import { retryAfterMs, shouldRetry } from './retry-after.ts';

/** Header names, lower-cased, and their values. */
export type AnswerHeaders = Record<string, string | string[] | undefined>;

/** Reads the status and headers of a provider's answer. */
export class AnswerHead {
  readonly status: number;
  readonly #headers: AnswerHeaders;

  constructor(status: number, headers: AnswerHeaders) {
    this.status = status;
    this.#headers = headers;
  }

  /** Whether the status is a success. Some servers answer 201. */
  get succeeded(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  get contentType(): string {
    return this.#one('content-type') ?? 'application/octet-stream';
  }

  get contentEncoding(): string | undefined {
    return this.#one('content-encoding');
  }

  /** Returns the provider's hints about a retry. */
  retryHints(): { retryAfterMs?: number; shouldRetry?: boolean } {
    const wait = retryAfterMs(this.#headers, Date.now());
    const again = shouldRetry(this.#headers);
    return defined({ retryAfterMs: wait, shouldRetry: again });
  }

  /** Returns the headers with these names. */
  passed(names: readonly string[]): Record<string, string> {
    const passed: Record<string, string> = {};
    for (const name of names) {
      const value = this.#headers[name];
      if (typeof value === 'string') passed[name] = value;
    }
    return passed;
  }

  #one(name: string): string | undefined {
    const value = this.#headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  }
}
