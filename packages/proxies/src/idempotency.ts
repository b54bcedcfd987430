import { hash } from 'node:crypto';
import {
  asLlmError,
  type ConcernHealth,
  isStreamed,
  type LlmCall,
  LlmError,
  type LlmProxy,
  type LlmReply,
  type LlmService,
  ReplyStream,
  unwatched,
} from '@sluice/core';
import type { Claim, IdempotentAnswer, IdempotentCalls, IdempotentId } from '@sluice/store/ports';
import { collectedStream } from './collected-stream.ts';

export interface IdempotencyOptions {
  readonly calls: IdempotentCalls;
  /** Counts a call that is given another one's answer as a request. @throws LlmError where the limit is reached */
  readonly countRequest?: (call: LlmCall) => Promise<void>;
  /** Where the store fails, calls with a key are refused: to make them would be to make some of them twice. */
  readonly health?: ConcernHealth;
}

/** After so long without a renewal, in ms, a call may be made by another replica: its own has died. */
const LEASE_MS = 30_000;
/** How long an answer is given again, in ms. */
const KEPT_MS = 600_000;
/** A longer answer is not kept: asked for again, it is made again. */
const MAX_ANSWER_BYTES = 1024 * 1024;
/** How often, in ms, it is checked whether a call's replica has died. Its end is an event. */
const CHECK_MS = LEASE_MS / 3;

const ONCE = new Set(['chat', 'completions', 'embeddings']);

type Ended = Exclude<Claim, { state: 'under_way' }>;

/** A call that this replica makes, or waits for. */
interface LocalCall {
  readonly digest: string;
  /** Its answer; undefined where there is none that can be given again. */
  readonly answer: Promise<IdempotentAnswer | undefined>;
  end(answer: IdempotentAnswer | undefined): void;
}

/**
 * Makes a call once that its client asks for several times under one `Idempotency-Key`, at once or later, through whichever replica.
 *
 * A repeated call waits for the answer and is given it. It counts as a request, and costs nothing else. A call that got no good answer is made again. Of
 * the repeated calls of one replica only the first asks the store, and the store tells it when the answer is there.
 *
 * @throws LlmError `invalid_request` where the key was used for another request, `rate_limit_exceeded`, `limiter_unavailable`
 */
export function idempotency(options: IdempotencyOptions): LlmProxy {
  const once = new OnceCalls(options);
  return (next) => ({
    async complete(call) {
      const { idempotencyKey } = call;
      const { caller } = call.facts;
      if (idempotencyKey === undefined || caller === undefined || !ONCE.has(call.operation)) return next.complete(call);
      const id = { tenant: caller.tenant, subject: caller.keyName, key: hash('sha256', idempotencyKey, 'base64url') };
      return await once.complete(call, id, next);
    },
  });
}

class OnceCalls {
  readonly #calls: IdempotentCalls;
  readonly #countRequest: (call: LlmCall) => Promise<void>;
  readonly #health: ConcernHealth;
  readonly #local = new Map<string, LocalCall>();

  constructor({ calls, countRequest = async () => {}, health = unwatched }: IdempotencyOptions) {
    this.#calls = calls;
    this.#countRequest = countRequest;
    this.#health = health;
  }

  async complete(call: LlmCall, id: IdempotentId, next: LlmService): Promise<LlmReply> {
    const digest = digestOf(call);
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
      if (answer !== undefined) return again(call, answer);
    }
    const local = this.#open(name, digest);
    try {
      const claimed = await this.#claim(call, id, digest, count);
      if (claimed.state === 'ours') return await this.#make(call, id, local, next);
      local.end(claimed.answer);
      return again(call, claimed.answer);
    } catch (error) {
      local.end(undefined);
      throw error;
    }
  }

  /** From now on, further calls of this replica wait for this one. */
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

  /** Claims a call, or waits until another replica has answered it. */
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
        // claimed again once it listens: the call may have ended before
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
    const renewal = setInterval(() => this.#tell(this.#calls.renew(id, call.id, LEASE_MS)), CHECK_MS).unref();
    const end = (answer: IdempotentAnswer | undefined): void => {
      clearInterval(renewal);
      local.end(answer);
      if (answer === undefined) this.#tell(this.#calls.giveUp(id, call.id));
      else this.#tell(this.#calls.answer(id, call.id, local.digest, answer, KEPT_MS));
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
      this.#health.works();
      return answer;
    } catch (error) {
      this.#health.failed(error);
      throw new LlmError('limiter_unavailable', 'It cannot be told right now whether this call was made before.', {
        retryAfterMs: 1_000,
        cause: error,
      });
    }
  }

  #tell(what: Promise<void>): void {
    what.catch((error: unknown) => this.#health.failed(error));
  }
}

const nameOf = ({ tenant, subject, key }: IdempotentId): string => `${tenant}\n${subject}\n${key}`;

/** @throws LlmError where the key was used for another request */
function assertSame(known: string, digest: string): void {
  if (known === digest) return;
  throw new LlmError('invalid_request', 'This Idempotency-Key was used for another request.', { param: 'idempotency-key' });
}

/** Waits for a promise no longer than the call lives. @throws LlmError the reason of the signal */
async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(asLlmError(signal.reason));
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** All that a request asks for. */
function digestOf({ operation, dialect, sent, message: { address = '', bytes } }: LlmCall): string {
  const about = [operation, dialect, address].join('\n');
  return `${hash('sha256', about, 'base64url')}.${hash('sha256', sent ?? bytes, 'base64url')}`;
}

/** Gives `end` the answer when it is whole, or nothing where it is none that could be given again. */
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

/** An answer that was given before. It was paid for then. */
function again(call: LlmCall, { status, contentType, streamed, body }: IdempotentAnswer): LlmReply {
  call.facts.account.replace({ usage: undefined, cost: 0 });
  const head = { status, contentType, headers: { 'idempotency-replayed': 'true' } };
  if (!streamed) return { ...head, body };
  const stream = new ReplyStream({ pause() {}, resume() {}, cancel: () => undefined });
  stream.push(body);
  stream.finish({ end: 'finished' });
  return { ...head, stream };
}
