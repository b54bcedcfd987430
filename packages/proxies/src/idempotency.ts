import { hash } from 'node:crypto';
import {
  type DependencyHealth,
  isStreamed,
  type LlmCall,
  LlmError,
  type LlmProxy,
  type LlmReply,
  type LlmService,
  noopHealth,
  replayed,
} from '@sluice/core';
import type { Claim, IdempotentAnswer, IdempotentCalls, IdempotentId } from '@sluice/store/ports';
import { collectedStream } from './collected-stream.ts';
import { orAborted } from './or-aborted.ts';
import { requestDigest } from './request-digest.ts';

export interface IdempotencyOptions {
  readonly calls: IdempotentCalls;
  /** Counts a replayed call as a request. @throws LlmError if the limit is reached */
  readonly countRequest?: (call: LlmCall) => Promise<void>;
  /** Health of the store. If it fails, calls with a key are refused, because otherwise some of them would be made twice. */
  readonly health?: DependencyHealth;
}

/**
 * Lease of a call, in ms. After this time without a renewal, its replica has crashed, and another replica may make the call.
 */
const LEASE_MS = 30_000;
/** Lifetime of a stored response, in ms. */
const STORED_MS = 600_000;
/** Maximum size of a stored response. A longer response is not stored: a repeated call is made again. */
const MAX_ANSWER_BYTES = 1024 * 1024;
/** Interval of checks for a crashed replica, in ms. The normal end of a call is an event. */
const CHECK_MS = LEASE_MS / 3;

const ONCE = new Set(['chat', 'completions', 'embeddings']);

type Ended = Exclude<Claim, { state: 'under_way' }>;

/** A call that this replica makes or waits for. */
interface LocalCall {
  readonly digest: string;
  /** The response. Undefined if it cannot be replayed. */
  readonly answer: Promise<IdempotentAnswer | undefined>;
  end(answer: IdempotentAnswer | undefined): void;
}

/**
 * Makes a call once, even if its client sends it several times with the same `Idempotency-Key`, concurrently or later, through
 * any replica.
 *
 * A repeated call waits for the response and receives a replay. It counts as a request but has no cost. A call without a
 * successful response is made again. Among the repeated calls of a replica, only the first uses the store, and the store
 * notifies it of the response.
 *
 * @throws LlmError `invalid_request` if the key was used for another request, `rate_limit_exceeded`, `limiter_unavailable`
 */
export function idempotency(options: IdempotencyOptions): LlmProxy {
  const once = new OnceCalls(options);
  return (next) => ({
    complete(call) {
      const { idempotencyKey } = call;
      const { caller } = call.context;
      if (idempotencyKey === undefined || caller === undefined || !ONCE.has(call.operation)) return next.complete(call);
      const id = { tenant: caller.tenant, subject: caller.keyName, key: hash('sha256', idempotencyKey, 'base64url') };
      return once.complete(call, id, next);
    },
  });
}

class OnceCalls {
  readonly #calls: IdempotentCalls;
  readonly #countRequest: (call: LlmCall) => Promise<void>;
  readonly #health: DependencyHealth;
  readonly #local = new Map<string, LocalCall>();

  constructor({ calls, countRequest = async () => {}, health = noopHealth }: IdempotencyOptions) {
    this.#calls = calls;
    this.#countRequest = countRequest;
    this.#health = health;
  }

  async complete(call: LlmCall, id: IdempotentId, next: LlmService): Promise<LlmReply> {
    const digest = requestDigest(call, 'request');
    const name = nameOf(id);
    let counted = false;
    const count = async (): Promise<void> => {
      if (!counted) await this.#countRequest(call);
      counted = true;
    };
    for (let local = this.#local.get(name); local !== undefined; local = this.#local.get(name)) {
      assertSame(local.digest, digest);
      await count();
      const answer = await orAborted(local.answer, call.signal);
      if (answer !== undefined) return replay(call, answer);
    }
    const local = this.#open(name, digest);
    try {
      const claimed = await this.#claim(call, id, digest, count);
      if (claimed.state === 'ours') return await this.#make(call, id, local, next);
      local.end(claimed.answer);
      return replay(call, claimed.answer);
    } catch (error) {
      local.end(undefined);
      throw error;
    }
  }

  /** Registers a call: from now on, repeated calls of this replica wait for it. */
  #open(name: string, digest: string): LocalCall {
    const { promise, resolve } = Promise.withResolvers<IdempotentAnswer | undefined>();
    const local: LocalCall = {
      digest,
      answer: promise,
      end: (answer) => {
        if (this.#local.get(name) === local) this.#local.delete(name);
        resolve(answer);
      },
    };
    this.#local.set(name, local);
    return local;
  }

  /** Claims a call, or waits until another replica has its response. */
  async #claim(call: LlmCall, id: IdempotentId, digest: string, count: () => Promise<void>): Promise<Ended> {
    const first = await this.#ask(this.#calls.claim(id, digest, call.id, LEASE_MS));
    if (first.state === 'ours') return first;
    assertSame(first.digest, digest);
    await count();
    return first.state === 'answered' ? first : await this.#follow(call, id, digest);
  }

  async #follow(call: LlmCall, id: IdempotentId, digest: string): Promise<Ended> {
    let ended = Promise.withResolvers<void>();
    const stop = await this.#ask(this.#calls.onEnd(id, () => ended.resolve()));
    try {
      for (;;) {
        // claims again after subscribing: the call may have ended before the subscription
        const claimed = await this.#ask(this.#calls.claim(id, digest, call.id, LEASE_MS));
        if (claimed.state !== 'ours') assertSame(claimed.digest, digest);
        if (claimed.state !== 'under_way') return claimed;
        const timer = setTimeout(() => ended.resolve(), CHECK_MS).unref();
        await orAborted(ended.promise, call.signal).finally(() => clearTimeout(timer));
        ended = Promise.withResolvers<void>();
      }
    } finally {
      stop();
    }
  }

  async #make(call: LlmCall, id: IdempotentId, local: LocalCall, next: LlmService): Promise<LlmReply> {
    const renewal = setInterval(() => this.#send(this.#calls.renew(id, call.id, LEASE_MS)), CHECK_MS).unref();
    const end = (answer: IdempotentAnswer | undefined): void => {
      clearInterval(renewal);
      local.end(answer);
      if (answer === undefined) this.#send(this.#calls.giveUp(id, call.id));
      else this.#send(this.#calls.answer(id, call.id, local.digest, answer, STORED_MS));
    };
    try {
      const reply = await next.complete(call);
      follow(reply, end);
      return reply;
    } catch (error) {
      end(undefined);
      throw error;
    }
  }

  async #ask<T>(question: Promise<T>): Promise<T> {
    try {
      const answer = await question;
      this.#health.success();
      return answer;
    } catch (error) {
      this.#health.failure(error);
      throw new LlmError(
        'limiter_unavailable',
        'The gateway cannot check right now whether this call was made before. Retry later.',
        {
          retryAfterMs: 1_000,
          cause: error,
        },
      );
    }
  }

  #send(command: Promise<void>): void {
    command.catch((error: unknown) => this.#health.failure(error));
  }
}

const nameOf = ({ tenant, subject, key }: IdempotentId): string => `${tenant}\n${subject}\n${key}`;

/** @throws LlmError if the key was used for another request */
function assertSame(known: string, digest: string): void {
  if (known === digest) return;
  throw new LlmError('invalid_request', 'This Idempotency-Key was used for another request.', { param: 'idempotency-key' });
}

/** Passes the whole response to `end`, or undefined if it cannot be replayed. */
function follow(reply: LlmReply, end: (answer: IdempotentAnswer | undefined) => void): void {
  const { status, contentType } = reply;
  const good = status < 300;
  if (!isStreamed(reply)) {
    const { body } = reply;
    end(good && body.length <= MAX_ANSWER_BYTES ? { status, contentType, streamed: false, body } : undefined);
    return;
  }
  void collectedStream(reply, MAX_ANSWER_BYTES).then((body) =>
    end(good && body !== undefined ? { status, contentType, streamed: true, body } : undefined),
  );
}

/** Replays a stored response at no cost: the first call has paid for it. */
function replay(call: LlmCall, answer: IdempotentAnswer): LlmReply {
  call.context.account.replay({ usage: undefined, cost: 0 });
  return replayed({ ...answer, headers: { 'idempotency-replayed': 'true' } });
}
