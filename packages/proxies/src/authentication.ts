import { type Caller, LlmError, type LlmProxy } from '@sluice/core';
import type { Metrics } from '@sluice/telemetry';

/** Finds who is behind a secret. */
export interface CallerLookup {
  /**
   * Undefined where nobody has that key, or had it.
   *
   * @throws LlmError `auth_unavailable` where it cannot be decided now
   */
  find(secret: string): Caller | undefined | Promise<Caller | undefined>;
}

/** A key is visible ASCII, so that it can stand in a header; the longest are tokens of identity providers. */
const SECRET = /^[\x21-\x7e]{1,8192}$/;

/**
 * Lets through only calls with a valid key, from where it may be used, and says whose they are.
 *
 * @throws LlmError `invalid_api_key`, `address_not_allowed`, and what the lookup throws
 */
export function authentication(lookup: CallerLookup, metrics?: Pick<Metrics, 'authFailures'>): LlmProxy {
  const refuse = (reason: 'missing' | 'malformed' | 'unknown', message: string): never => {
    metrics?.authFailures.inc({ reason });
    throw new LlmError('invalid_api_key', message);
  };
  return (next) => ({
    async complete(call) {
      const secret = call.credential;
      if (secret === undefined || secret === '') {
        return refuse('missing', 'No API key was given. Send it as "Authorization: Bearer KEY".');
      }
      if (!SECRET.test(secret)) return refuse('malformed', 'The API key has characters that no key has.');
      const found = lookup.find(secret);
      const caller = found instanceof Promise ? await found : found;
      if (caller === undefined) return refuse('unknown', 'The API key is not known, or is blocked, was revoked or has expired.');
      if (caller.mayComeFrom !== undefined && !caller.mayComeFrom(call.clientAddress?.() ?? '')) {
        metrics?.authFailures.inc({ reason: 'address' });
        throw new LlmError('address_not_allowed', 'The API key may not be used from this address.');
      }
      call.facts.caller = caller;
      return await next.complete(call);
    },
  });
}

/** A fixed set of secrets, for use as a library. */
export function fixedKeys(callers: Readonly<Record<string, Caller>>): CallerLookup {
  const bySecret = new Map(Object.entries(callers));
  return { find: (secret) => bySecret.get(secret) };
}
