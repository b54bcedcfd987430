import { type Caller, type LlmCall, LlmError, type LlmProxy, type LlmReply } from '@sluice/core';
import type { ProxyMetrics } from './proxy-metrics.ts';

/** Finds the principal of a secret. */
export interface Authenticator {
  /**
   * Returns undefined if the key is unknown.
   *
   * @throws LlmError `auth_unavailable` if the key cannot be checked now
   */
  find(secret: string): Caller | undefined | Promise<Caller | undefined>;
}

/** A key is visible ASCII, so that it fits into a header. The longest keys are tokens of identity providers. */
const SECRET = /^[\x21-\x7e]{1,8192}$/;

/**
 * Authenticates the call and sets its principal.
 *
 * @throws LlmError `invalid_api_key`, `address_not_allowed`, and any error of the lookup
 */
export function authentication(lookup: Authenticator, metrics?: Pick<ProxyMetrics, 'authFailures'>): LlmProxy {
  const refuse = (reason: 'missing' | 'malformed' | 'unknown', message: string): LlmError => {
    metrics?.authFailures.inc({ reason });
    return new LlmError('invalid_api_key', message);
  };
  /** Sets the principal. Returns why the call is refused, if it is. */
  const admit = (call: LlmCall, caller: Caller | undefined): LlmError | undefined => {
    if (caller === undefined) return refuse('unknown', 'The API key is unknown, blocked, revoked or expired.');
    if (caller.mayComeFrom !== undefined && !caller.mayComeFrom(call.clientAddress?.() ?? '')) {
      metrics?.authFailures.inc({ reason: 'address' });
      return new LlmError('address_not_allowed', 'The API key may not be used from this address.');
    }
    call.context.caller = caller;
    return undefined;
  };
  return (next) => {
    const complete = (call: LlmCall, caller: Caller | undefined): Promise<LlmReply> => {
      const refusal = admit(call, caller);
      return refusal === undefined ? next.complete(call) : Promise.reject(refusal);
    };
    return {
      complete(call) {
        const secret = call.credential;
        if (secret === undefined || secret === '') {
          return Promise.reject(refuse('missing', 'No API key was given. Send it as "Authorization: Bearer KEY".'));
        }
        if (!SECRET.test(secret)) {
          return Promise.reject(refuse('malformed', 'The API key contains invalid characters or is too long.'));
        }
        const found = lookup.find(secret);
        return found instanceof Promise ? found.then((caller) => complete(call, caller)) : complete(call, found);
      },
    };
  };
}

/** Returns a lookup of a fixed set of secrets, for use as a library. */
export function staticKeys(callers: Readonly<Record<string, Caller>>): Authenticator {
  const bySecret = new Map(Object.entries(callers));
  return { find: (secret) => bySecret.get(secret) };
}
