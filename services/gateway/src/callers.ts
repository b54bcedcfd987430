import { type Caller, LlmError } from '@sluice/core';
import type { CallerLookup } from '@sluice/proxies';
import type { Groups } from './groups.ts';
import type { RegistryView } from './registry-view.ts';

export interface CallersOptions {
  /** By API key. */
  readonly keys: CallerLookup;
  /** By token of an identity provider, where one is configured; undefined for what is no such token. */
  readonly tokens: { find(secret: string): Promise<Caller | undefined> | undefined };
  readonly groups: Groups;
  readonly view: Pick<RegistryView, 'loaded' | 'refresh'>;
}

/** Who is behind a secret, if its team and tenant let it in. */
export class Callers implements CallerLookup {
  readonly #options: CallersOptions;

  constructor(options: CallersOptions) {
    this.#options = options;
  }

  find(secret: string): Caller | undefined | Promise<Caller | undefined> {
    const { keys, tokens, view } = this.#options;
    const found = tokens.find(secret) ?? keys.find(secret);
    if (found instanceof Promise || !view.loaded) return this.#later(found);
    return this.#admitted(found);
  }

  /** Whether a secret still opens the gateway. True where that cannot be decided now: what is running goes on. */
  async isValid(secret: string): Promise<boolean> {
    try {
      return (await this.find(secret)) !== undefined;
    } catch {
      return true;
    }
  }

  async #later(found: Caller | undefined | Promise<Caller | undefined>): Promise<Caller | undefined> {
    const caller = await found;
    const { view } = this.#options;
    if (!view.loaded) {
      await view.refresh().catch((error: unknown) => {
        throw new LlmError('auth_unavailable', 'Teams and tenants cannot be read right now.', {
          retryAfterMs: 1_000,
          cause: error,
        });
      });
    }
    return this.#admitted(caller);
  }

  #admitted(caller: Caller | undefined): Caller | undefined {
    return caller !== undefined && this.#options.groups.admit(caller) ? caller : undefined;
  }
}
