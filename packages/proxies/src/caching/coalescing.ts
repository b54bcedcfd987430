import { hash } from 'node:crypto';
import { type DependencyHealth, isStreamed, type LlmCall, type LlmReply, noopHealth } from '@sluice/core';
import type { CacheEntry, CacheKey, IdempotentCalls, IdempotentId } from '@sluice/store/ports';
import { orAborted } from '../or-aborted.ts';
import { cacheKeyText } from './cache-keys.ts';
import { followedReply } from './followed-reply.ts';
import { SharedCall, type SharedResponse } from './shared-call.ts';
import { SharedStream } from './shared-stream.ts';

/** Lease of a leader, in ms. After this time without a renewal its replica has crashed, and another one makes the call. */
const LEASE_MS = 6_000;
/** Interval of renewals, and of checks for a crashed replica, in ms. The normal end of a call is an event. */
const CHECK_MS = LEASE_MS / 3;
/** A leader that has failed hands over to one follower. If that one fails too, the others receive its error. */
const MAX_HANDOVERS = 1;
/** The subject of the claims. No key has an `@` in its name. */
const SUBJECT = '@coalesced';

export interface CoalescingOptions {
  /** The claims of the leaders of all replicas. */
  readonly claims: Pick<IdempotentCalls, 'claim' | 'renew' | 'giveUp' | 'onEnd'>;
  /** Health of the store. If it fails, each replica makes the call once. */
  readonly health?: DependencyHealth;
}

/** How a shared call is made, and where its response is found later. */
export interface SharedWork {
  /** Makes the call. `kept` resolves when its response has been stored, or will not be. */
  lead(call: LlmCall): Promise<{ readonly reply: LlmReply; readonly kept: Promise<boolean> }>;
  /** Returns the stored response. Never rejects. */
  kept(): Promise<CacheEntry | undefined>;
  /** Maximum length of a response that is kept for followers. */
  readonly maxBytes: number;
}

export interface SharedResult {
  readonly reply: LlmReply;
  readonly isLeader: boolean;
}

/**
 * Shares one call to a provider between identical calls in flight, over all replicas.
 *
 * The first call is the leader. Followers at the same replica receive its response while it arrives; those at other replicas
 * wait until it is stored. A leader that fails, or whose replica crashes, hands over to one follower. The call continues until
 * the last client has left. The leader pays, and a follower costs nothing.
 *
 * @example
 * const { reply } = await coalescing.complete(call, key, { lead, kept: () => cache.get(key), maxBytes: 1_048_576 });
 */
export class Coalescing {
  readonly #claims: CoalescingOptions['claims'];
  readonly #health: DependencyHealth;
  /** The shared calls of this replica, by key and form. */
  readonly #shared = new Map<string, SharedCall>();

  constructor({ claims, health = noopHealth }: CoalescingOptions) {
    this.#claims = claims;
    this.#health = health;
  }

  /** Makes a call, or waits for an identical one. @throws LlmError the error of the last leader, or the reason of an abort */
  async complete(call: LlmCall, key: CacheKey, work: SharedWork): Promise<SharedResult> {
    const { stream, wantsStreamUsage } = call.message.view();
    const name = `${key.scope}\n${cacheKeyText(key)}\n${stream ? `stream ${wantsStreamUsage}` : 'whole'}`;
    let handovers = 0;
    for (let shared = this.#inFlight(name); shared !== undefined; shared = this.#inFlight(name)) {
      const followed = await this.#follow(call, key, shared);
      // the claim of this call belongs to the call that is still in flight
      if (followed === 'gone') return { reply: (await work.lead(call)).reply, isLeader: true };
      if (followed !== 'failed') return { reply: followed, isLeader: false };
      handovers = shared.handovers + 1;
    }
    // a leader's call outlives its client, so a deadline of its own cannot end it; a budget's limit would cut its followers' answers
    const isShareable = call.deadlineMs === undefined && call.outputLimit === undefined;
    if (!isShareable) return { reply: (await work.lead(call)).reply, isLeader: true };
    return await this.#lead(call, key, name, handovers, work);
  }

  /** Returns the shared call that further calls can join. */
  #inFlight(name: string): SharedCall | undefined {
    const shared = this.#shared.get(name);
    return shared?.isAborted === true ? undefined : shared;
  }

  /** Waits for the response of a shared call: `gone` if its beginning is no longer kept, `failed` if another call has to lead. */
  async #follow(call: LlmCall, key: CacheKey, shared: SharedCall): Promise<LlmReply | 'gone' | 'failed'> {
    const leave = shared.join(call.signal);
    try {
      const response = await orAborted(shared.response, call.signal);
      return followedReply(call, cacheKeyText(key), response, shared.leader) ?? 'gone';
    } catch (error) {
      if (call.signal.aborted || shared.handovers >= MAX_HANDOVERS) throw error;
      return 'failed';
    } finally {
      leave();
    }
  }

  async #lead(call: LlmCall, key: CacheKey, name: string, handovers: number, work: SharedWork): Promise<SharedResult> {
    const shared = new SharedCall(handovers);
    this.#shared.set(name, shared);
    const leave = shared.join(call.signal);
    const id = idOf(key, name);
    const end = (): void => {
      if (this.#shared.get(name) === shared) this.#shared.delete(name);
    };
    try {
      const entry = await this.#claim(call, id, shared, work);
      if (entry !== undefined) {
        const response: SharedResponse = { kind: 'entry', entry };
        shared.succeed(response);
        end();
        const reply = followedReply(call, cacheKeyText(key), response, undefined);
        // an entry that cannot be converted: this call is made alone
        return reply === undefined ? { reply: (await work.lead(call)).reply, isLeader: true } : { reply, isLeader: false };
      }
      const renewal = setInterval(() => this.#send(this.#claims.renew(id, call.id, LEASE_MS)), CHECK_MS).unref();
      const release = (): void => {
        clearInterval(renewal);
        end();
        this.#send(this.#claims.giveUp(id, call.id));
      };
      try {
        const { reply, kept } = await work.lead(shared.ledBy(call));
        void kept.finally(release);
        return { reply: share(shared, reply, work.maxBytes), isLeader: true };
      } catch (error) {
        release();
        throw error;
      }
    } catch (error) {
      end();
      shared.fail(error);
      throw error;
    } finally {
      leave();
    }
  }

  /** Claims a call for this replica. Returns the response if another replica has made the call. */
  async #claim(call: LlmCall, id: IdempotentId, shared: SharedCall, work: SharedWork): Promise<CacheEntry | undefined> {
    let ended = Promise.withResolvers<void>();
    let stop: (() => void) | undefined;
    try {
      for (;;) {
        const { state } = await this.#claims.claim(id, '', call.id, LEASE_MS);
        // another leader may have stored its response after this call has looked for it
        const entry = await work.kept();
        if (entry !== undefined && state === 'ours') this.#send(this.#claims.giveUp(id, call.id));
        if (entry !== undefined || state === 'ours') return entry;
        if (stop === undefined) {
          stop = await this.#claims.onEnd(id, () => ended.resolve());
          // the call may have ended before the subscription
          continue;
        }
        const timer = setTimeout(() => ended.resolve(), CHECK_MS).unref();
        await orAborted(ended.promise, shared.signal).finally(() => clearTimeout(timer));
        ended = Promise.withResolvers<void>();
      }
    } catch (error) {
      if (shared.signal.aborted) throw error;
      this.#health.failure(error);
      return undefined;
    } finally {
      stop?.();
    }
  }

  #send(command: Promise<void>): void {
    command.catch((error: unknown) => this.#health.failure(error));
  }
}

const idOf = ({ scope }: CacheKey, name: string): IdempotentId => ({
  tenant: scope,
  subject: SUBJECT,
  key: hash('sha256', name, 'base64url'),
});

/** Gives the followers of a call its response. Returns the leader's reply. */
function share(shared: SharedCall, reply: LlmReply, maxBytes: number): LlmReply {
  if (!isStreamed(reply)) {
    shared.succeed({ kind: 'whole', reply });
    return reply;
  }
  const stream = new SharedStream(reply.stream, maxBytes);
  const led = { ...reply, stream: stream.lead() };
  shared.succeed({ kind: 'stream', head: reply, stream });
  return led;
}
