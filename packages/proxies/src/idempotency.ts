import { hash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  asLlmError,
  type ConcernHealth,
  isStreamed,
  type LlmCall,
  LlmError,
  type LlmProxy,
  type LlmReply,
  ReplyStream,
  unwatched,
} from '@sluice/core';
import type { Claim, IdempotentAnswer, IdempotentCalls, IdempotentId } from '@sluice/store/ports';
import { collectedStream } from './collected-stream.ts';

export interface IdempotencyOptions {
  readonly calls: IdempotentCalls;
  /** Where the store fails, calls with a key are refused: to make them would be to make some of them twice. */
  readonly health?: ConcernHealth;
}

/** After so long without a renewal a call is anybody's: its replica has died. */
const LEASE_MS = 30_000;
/** How long an answer is given again. */
const KEPT_MS = 600_000;
/** A longer answer is not kept: asked for again, it is made again. */
const MAX_ANSWER_BYTES = 1024 * 1024;
/** How often it is asked whether a call under way has ended. */
const POLL_MS = 100;

const ONCE = new Set(['chat', 'completions', 'embeddings']);

/**
 * Makes a call once that its client asks for several times under one `Idempotency-Key`: at once, because it was impatient, or again, because it has not heard the
 * answer; through whichever replica. Who comes second waits, and is given the same answer; it is neither limited nor charged. A call that was not answered
 * well is made again.
 *
 * @throws LlmError `invalid_request` where the key was used for another request, `limiter_unavailable`
 */
export function idempotency({ calls, health = unwatched }: IdempotencyOptions): LlmProxy {
  const ask = async <T>(question: Promise<T>): Promise<T> => {
    try {
      const answer = await question;
      health.works();
      return answer;
    } catch (error) {
      health.failed(error);
      throw new LlmError('limiter_unavailable', 'It cannot be told right now whether this call was made before.', {
        retryAfterMs: 1_000,
        cause: error,
      });
    }
  };
  const tell = (what: Promise<void>): void => {
    what.catch((error: unknown) => health.failed(error));
  };

  /** Claims a call, or waits until there is an answer. */
  const claim = async (call: LlmCall, id: IdempotentId, digest: string): Promise<Exclude<Claim, { state: 'under_way' }>> => {
    for (;;) {
      const claimed = await ask(calls.claim(id, digest, call.id, LEASE_MS));
      if (claimed.state !== 'ours' && claimed.digest !== digest) {
        throw new LlmError('invalid_request', 'This Idempotency-Key was used for another request.', {
          param: 'idempotency-key',
        });
      }
      if (claimed.state !== 'under_way') return claimed;
      await sleep(POLL_MS, undefined, { signal: call.signal }).catch(() => {
        throw asLlmError(call.signal.reason);
      });
    }
  };

  return (next) => ({
    async complete(call) {
      const { idempotencyKey } = call;
      const { caller } = call.facts;
      if (idempotencyKey === undefined || caller === undefined || !ONCE.has(call.operation)) return next.complete(call);
      const id = { tenant: caller.tenant, subject: caller.keyName, key: hash('sha256', idempotencyKey, 'base64url') };
      const digest = digestOf(call);
      const claimed = await claim(call, id, digest);
      if (claimed.state === 'answered') return again(call, claimed.answer);

      const renewal = setInterval(() => tell(calls.renew(id, call.id, LEASE_MS)), LEASE_MS / 3).unref();
      const ended = (answer: IdempotentAnswer | undefined): void => {
        clearInterval(renewal);
        tell(answer === undefined ? calls.giveUp(id, call.id) : calls.answer(id, call.id, digest, answer, KEPT_MS));
      };
      try {
        const reply = await next.complete(call);
        follow(reply, ended);
        return reply;
      } catch (error) {
        ended(undefined);
        throw error;
      }
    },
  });
}

/** All that a request asks for. */
function digestOf({ operation, dialect, message: { address = '', bytes } }: LlmCall): string {
  const about = [operation, dialect, address].join('\n');
  return `${hash('sha256', about, 'base64url')}.${hash('sha256', bytes, 'base64url')}`;
}

/** Tells the answer when it is whole, or nothing where it is none that could be given again. */
function follow(reply: LlmReply, ended: (answer: IdempotentAnswer | undefined) => void): void {
  const { status, contentType } = reply;
  const good = status < 300;
  if (!isStreamed(reply)) {
    const { body } = reply;
    ended(good && body.length <= MAX_ANSWER_BYTES ? { status, contentType, streamed: false, body } : undefined);
    return;
  }
  void collectedStream(reply, MAX_ANSWER_BYTES).then((body) =>
    ended(good && body !== undefined ? { status, contentType, streamed: true, body } : undefined),
  );
}

/** An answer that was given before. It was paid for then. */
function again(call: LlmCall, { status, contentType, streamed, body }: IdempotentAnswer): LlmReply {
  call.facts.cost = 0;
  const head = { status, contentType, headers: { 'idempotency-replayed': 'true' } };
  if (!streamed) return { ...head, body };
  const stream = new ReplyStream({ pause() {}, resume() {}, cancel: () => undefined });
  stream.push(body);
  stream.finish({ end: 'finished' });
  return { ...head, stream };
}
