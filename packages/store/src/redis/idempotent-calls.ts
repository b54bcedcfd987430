import type { Claim, IdempotentAnswer, IdempotentCalls, IdempotentId } from '../ports/index.ts';
import { Channels } from './channels.ts';
import type { RedisClient } from './connections.ts';
import type { Wait } from './deadline.ts';
import type { KeyLayout } from './key-layout.ts';
import { Script } from './script.ts';

const CLAIM = new Script('claim-call');
const CHANGE = new Script('change-claim');

const LF = 0x0a;
/** Prefix of the first line of a stored response. No owner begins with it. */
const OPENING = 0x7b;

/** Idempotent calls over all replicas. */
export class RedisIdempotentCalls implements IdempotentCalls {
  readonly #client: RedisClient;
  readonly #layout: KeyLayout;
  readonly #wait: Wait;

  readonly #channels: Channels;

  constructor(client: RedisClient, subscriber: RedisClient, layout: KeyLayout, wait: Wait) {
    this.#client = client;
    this.#layout = layout;
    this.#wait = wait;
    this.#channels = new Channels(subscriber);
  }

  onEnd(id: IdempotentId, listener: () => void): Promise<() => void> {
    return this.#wait('idempotent_listen', () => this.#channels.listen(this.#layout.idempotentCall(id), listener));
  }

  async claim(id: IdempotentId, digest: string, owner: string, leaseMs: number): Promise<Claim> {
    const keys = [this.#layout.idempotentCall(id)];
    const known = await this.#wait('idempotent_claim', () => CLAIM.runForBytes(this.#client, keys, [owner, digest, leaseMs]));
    if (known === null) return { state: 'ours' };
    const end = known.indexOf(LF);
    if (known[0] !== OPENING) return { state: 'under_way', digest: known.toString('utf8', end + 1) };
    const { digest: of, ...head } = JSON.parse(known.toString('utf8', 0, end)) as Omit<IdempotentAnswer, 'body'> & {
      digest: string;
    };
    return { state: 'answered', digest: of, answer: { ...head, body: known.subarray(end + 1) } };
  }

  async renew(id: IdempotentId, owner: string, leaseMs: number): Promise<void> {
    await this.#change(id, owner, '', leaseMs);
  }

  async answer(
    id: IdempotentId,
    owner: string,
    digest: string,
    { body, ...head }: IdempotentAnswer,
    ttlMs: number,
  ): Promise<void> {
    const line = Buffer.from(`${JSON.stringify({ digest, ...head })}\n`);
    await this.#change(id, owner, Buffer.concat([line, body]), ttlMs);
  }

  async giveUp(id: IdempotentId, owner: string): Promise<void> {
    await this.#change(id, owner, '-', 0);
  }

  async #change(id: IdempotentId, owner: string, value: string | Buffer, ms: number): Promise<void> {
    const keys = [this.#layout.idempotentCall(id)];
    await this.#wait('idempotent_change', () => CHANGE.run(this.#client, keys, [owner, value, ms]));
  }
}
