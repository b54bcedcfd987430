import { type Caller, LlmError } from '@sluice/core';
import type { Authenticator } from '@sluice/proxies';
import type { QuotaScopes } from './quota-scopes.ts';
import type { RegistryView } from './registry-view.ts';

export interface CallersOptions {
  /** Looks up principals by API key. */
  readonly keys: Authenticator;
  /** Looks up principals by token of a configured identity provider. Returns undefined for a secret that is no such token. */
  readonly tokens: { find(secret: string): Promise<Caller | undefined> | undefined };
  readonly groups: QuotaScopes;
  readonly view: Pick<RegistryView, 'loaded' | 'refresh'>;
}

/** Authenticates secrets: returns the principal of a secret if its team and tenant admit it. */
export class KeyAndTokenAuthenticator implements Authenticator {
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

  /**
   * Returns whether a secret is still valid. Returns true if this cannot be decided now, so that a running session continues.
   */
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
