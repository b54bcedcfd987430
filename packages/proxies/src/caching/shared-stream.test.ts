import { describe, expect, it } from '@jest/globals';
import { ReplyStream, type StreamOutcome } from '@sluice/core';
import fc from 'fast-check';
import { SharedStream } from './shared-stream.ts';

/** A provider's stream that a test drives. */
class Provider {
  isPaused = false;
  isCancelled = false;
  readonly stream: ReplyStream;

  constructor() {
    this.stream = new ReplyStream({
      pause: () => {
        this.isPaused = true;
      },
      resume: () => {
        this.isPaused = false;
      },
      cancel: () => {
        this.isCancelled = true;
        return { generated: 1 };
      },
    });
  }

  send(text: string): void {
    this.stream.push(Buffer.from(text));
  }
}

/** A client that reads as much as the test lets it. */
class Client {
  text = '';
  outcome: StreamOutcome | undefined;
  isReading = true;
  readonly #stream: ReplyStream;

  constructor(stream: ReplyStream) {
    this.#stream = stream;
    stream.consume({
      chunk: (bytes) => {
        this.text += Buffer.from(bytes).toString();
        return this.isReading;
      },
      end: (outcome) => {
        this.outcome = outcome;
      },
    });
  }

  resume(): void {
    this.isReading = true;
    this.#stream.resume();
  }

  leave(): void {
    this.#stream.cancel();
  }
}

function open(maxBytes = 1_000_000) {
  const provider = new Provider();
  const shared = new SharedStream(provider.stream, maxBytes);
  const leader = new Client(shared.lead());
  const follow = (): Client => new Client(shared.follow() as ReplyStream);
  return { provider, shared, leader, follow };
}

describe('SharedStream', () => {
  it('sends a late reader what was sent before, then the rest', () => {
    const { provider, leader, follow } = open();
    provider.send('a');
    const early = follow();
    provider.send('b');
    provider.stream.finish({ end: 'finished', generated: 2 });
    const late = follow();
    expect([leader.text, early.text, late.text]).toEqual(['ab', 'ab', 'ab']);
    expect(late.outcome).toMatchObject({ end: 'finished', generated: 2 });
  });

  it('does not let a slow follower slow the provider', () => {
    const { provider, leader, follow } = open();
    const slow = follow();
    slow.isReading = false;
    for (let n = 0; n < 9; n++) provider.send('x'.repeat(100_000));
    expect(provider.isPaused).toBe(false);
    expect([leader.text.length, slow.text.length]).toEqual([900_000, 100_000]);
    slow.resume();
    expect(slow.text).toHaveLength(900_000);
  });

  it('pauses the provider for a slow leader, and resumes it', () => {
    const { provider, leader } = open();
    leader.isReading = false;
    for (let n = 0; n < 5; n++) provider.send('x'.repeat(100_000));
    expect(provider.isPaused).toBe(true);
    leader.resume();
    expect(provider.isPaused).toBe(false);
    expect(leader.text).toHaveLength(500_000);
  });

  it('does not let a slow leader slow a follower, within what is kept', () => {
    const { provider, leader, follow } = open(500_000);
    const follower = follow();
    leader.isReading = false;
    for (let n = 0; n < 5; n++) provider.send('x'.repeat(100_000));
    expect([provider.isPaused, follower.text.length]).toEqual([false, 500_000]);
    for (let n = 0; n < 2; n++) provider.send('x'.repeat(100_000));
    expect(provider.isPaused).toBe(true);
    leader.resume();
    expect([provider.isPaused, leader.text.length]).toEqual([false, 700_000]);
  });

  it('accepts no reader after its last reader has left, although the provider still drains the response', () => {
    const stream = new ReplyStream({ pause() {}, resume() {}, cancel: () => 'draining' });
    const shared = new SharedStream(stream, 1_000);
    new Client(shared.lead()).leave();
    expect(shared.follow()).toBeUndefined();
  });

  it('cuts off a follower that is too far behind, and no other one', () => {
    const { provider, leader, follow } = open(1_000);
    const [slow, quick] = [follow(), follow()];
    slow.isReading = false;
    for (let n = 0; n < 3; n++) provider.send('x'.repeat(600));
    slow.resume();
    expect(slow.outcome).toMatchObject({ end: 'failed', error: { code: 'upstream_truncated' } });
    expect([leader.text.length, quick.text.length]).toEqual([1_800, 1_800]);
  });

  it('accepts no reader after it has dropped the beginning', () => {
    const { provider, shared } = open(1_000);
    for (let n = 0; n < 3; n++) provider.send('x'.repeat(600));
    expect(shared.follow()).toBeUndefined();
  });

  it('continues without its leader, and tells the leader of the end', async () => {
    const { provider, leader, follow, shared: _ } = open();
    const follower = follow();
    provider.send('a');
    leader.leave();
    expect([provider.isCancelled, leader.outcome]).toEqual([false, undefined]);
    provider.send('b');
    provider.stream.finish({ end: 'finished', generated: 2 });
    expect([leader.text, follower.text]).toEqual(['a', 'ab']);
    expect(follower.outcome).toMatchObject({ end: 'finished' });
  });

  it('settles the account of a leader that has left at the end of the response', async () => {
    const provider = new Provider();
    const shared = new SharedStream(provider.stream, 1_000);
    const led = shared.lead();
    new Client(led);
    new Client(shared.follow() as ReplyStream);
    led.cancel();
    provider.stream.finish({ end: 'finished', usage: { inputTokens: 1, outputTokens: 2 } });
    expect(await led.outcome).toMatchObject({ end: 'cancelled', drained: true, usage: { outputTokens: 2 } });
  });

  it('cancels the provider when the last reader leaves', () => {
    const { provider, leader, follow } = open();
    const follower = follow();
    leader.leave();
    expect(provider.isCancelled).toBe(false);
    follower.leave();
    expect(provider.isCancelled).toBe(true);
  });

  it('passes a failure to every reader', () => {
    const { provider, shared, leader, follow } = open();
    const follower = follow();
    provider.send('a');
    provider.stream.finish({ end: 'failed' });
    expect([leader.outcome, follower.outcome]).toEqual([{ end: 'failed' }, { end: 'failed' }]);
    expect(shared.follow()).toBeUndefined();
  });

  it('sends every reader the same bytes, whenever it joins, pauses and resumes', () => {
    const step = fc.oneof(
      fc.record({ what: fc.constantFrom('pause', 'resume'), who: fc.nat(4) }),
      fc.record({ what: fc.constant('join'), who: fc.nat(4) }),
      fc.record({ what: fc.constant('send'), who: fc.nat(500) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { provider, leader, follow } = open(10_000_000);
        const clients = [leader];
        let sent = '';
        for (const [n, { what, who }] of steps.entries()) {
          const client = clients[who % clients.length] as Client;
          if (what === 'join') clients.push(follow());
          else if (what === 'pause') client.isReading = false;
          else if (what === 'resume') client.resume();
          else {
            const text = `${n}`.padEnd(who, '.');
            sent += text;
            provider.send(text);
          }
        }
        provider.stream.finish({ end: 'finished' });
        for (const client of clients) {
          client.resume();
          expect([client.text, client.outcome?.end]).toEqual([sent, 'finished']);
        }
      }),
    );
  });
});
