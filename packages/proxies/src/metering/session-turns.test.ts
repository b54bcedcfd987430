import { describe, expect, it } from '@jest/globals';
import {
  type Caller,
  compose,
  inOneRoundTrip,
  type Limits,
  type LlmCall,
  LlmError,
  type LlmReply,
  type LlmService,
  newCallContext,
  type RealtimeSession,
  ReplyStream,
  usd,
} from '@sluice/core';
import { memoryStores } from '@sluice/store/memory';
import { meteringLayers } from './metering.ts';
import { chargedBudgets } from './quota-results.ts';

const NOTHING = { bytes: new Uint8Array(0), view: () => ({ model: 'm', stream: false, wantsStreamUsage: false }) };

/** A session controlled by a test. */
class TestSession {
  readonly stream = new ReplyStream({ pause() {}, resume() {}, cancel: () => undefined });
  refused: LlmError | undefined;
  usage = { inputTokens: 0, outputTokens: 0 };
  cost = 0;
  #report: () => void = () => {};

  /** The service below the meters, in the role of the attempt at a provider. */
  service(call: LlmCall): LlmService {
    return {
      complete: async (): Promise<LlmReply> => {
        const account = call.context.account.open({ accrued: () => ({ usage: this.usage, cost: this.cost }) });
        this.stream.onEnd(() => {
          account.charge({ usage: this.usage, cost: this.cost, estimated: undefined, unpriced: [] });
          const target = { target: 'up/m', provider: 'up', model: 'm' };
          call.context.account.close(account, { ...target, outcome: 'answered', latencyMs: 1 }, 1);
        });
        const session = {
          onUsage: (listener: () => void) => {
            this.#report = listener;
          },
          refuse: (error: LlmError) => {
            this.refused = error;
          },
        } as RealtimeSession;
        return { status: 101, contentType: '', headers: {}, stream: this.stream, session };
      },
    };
  }

  turn(tokens: number, cost: number): void {
    this.usage = { inputTokens: this.usage.inputTokens + tokens, outputTokens: this.usage.outputTokens };
    this.cost += cost;
    this.#report();
  }

  async end(): Promise<void> {
    this.stream.finish({ end: 'finished' });
    this.stream.consume({ chunk: () => true, end() {} });
    await settle();
  }
}

const settle = async (): Promise<void> => {
  for (let n = 0; n < 5; n++) await new Promise((resolve) => setImmediate(resolve));
};

let calls = 0;

function stage(limits: Limits) {
  const { meters } = memoryStores({ auditMaxRecords: 10 });
  const price = { input: 1_000, output: 1_000 };
  const models = { get: () => ({ name: 'm', strategy: 'priority', targets: [{ price }] }) as never };
  const layers = meteringLayers({ meters, models });
  const caller: Caller = { tenant: 't', keyName: 'k', limits };
  const call = (): LlmCall =>
    ({
      ...{ id: `call-${++calls}`, requestId: 'r', operation: 'realtime', dialect: 'openai-chat', route: 'GET /v1/realtime' },
      message: NOTHING,
      preferences: { cache: {}, tags: {} },
      signal: new AbortController().signal,
      startedAtMs: 0,
      context: { ...newCallContext(), caller },
    }) as unknown as LlmCall;
  const begin = async (session: TestSession, made = call()): Promise<LlmCall> => {
    await compose([inOneRoundTrip([layers.calls]), layers.sessions], session.service(made)).complete(made);
    return made;
  };
  const spent = async (): Promise<number> => {
    const period = new Date().toISOString().slice(0, 7);
    return (await meters.budget({ tenant: 't', subject: 'k', meter: 'budget', period })).spent;
  };
  return { begin, spent, meters };
}

describe('sessionTurns', () => {
  it('charges a budget after each turn of a session, and the rest at its end', async () => {
    const { begin, spent } = stage({ budget: [{ amount: usd(10), period: 'month' }] });
    const session = new TestSession();
    const call = await begin(session);
    session.turn(100, usd(1));
    await settle();
    expect(await spent()).toBe(usd(1));
    session.turn(100, usd(2));
    await settle();
    expect(await spent()).toBe(usd(3));
    expect(chargedBudgets.get(call)[0]?.turn).toEqual({ callId: `${call.id}.3`, settled: usd(3) });
    session.cost += usd(0.5);
    await session.end();
    expect(await spent()).toBe(usd(3.5));
  });

  it('refuses the session as soon as a token window is used up', async () => {
    const { begin } = stage({ tokens: [{ limit: 150, windowMs: 3_600_000 }] });
    const session = new TestSession();
    await begin(session);
    session.turn(100, 0);
    await settle();
    expect(session.refused).toBeUndefined();
    session.turn(100, 0);
    await settle();
    expect(session.refused).toMatchObject({ code: 'rate_limit_exceeded' });
    await session.end();
    await expect(begin(new TestSession())).rejects.toMatchObject({ code: 'rate_limit_exceeded' });
  });

  it('refuses the session when the budget does not pay for another turn like the last one', async () => {
    const { begin, spent } = stage({ budget: [{ amount: usd(3), period: 'month' }] });
    const session = new TestSession();
    await begin(session);
    session.turn(1, usd(2));
    await settle();
    expect(session.refused).toMatchObject({ code: 'insufficient_quota' });
    // usage after the refusal is charged too
    session.cost += usd(0.25);
    await session.end();
    expect(await spent()).toBe(usd(2.25));
  });

  it('charges a turn that ends before the next one is admitted', async () => {
    const { begin, spent } = stage({ budget: [{ amount: usd(10), period: 'month' }] });
    const session = new TestSession();
    await begin(session);
    session.turn(1, usd(1));
    session.turn(1, usd(1));
    session.turn(1, usd(1));
    await session.end();
    expect(await spent()).toBe(usd(3));
  });

  it('counts a session as one request and one concurrent call, whatever its number of turns', async () => {
    const { begin } = stage({ requests: [{ limit: 2, windowMs: 3_600_000 }], concurrent: 1 });
    const session = new TestSession();
    await begin(session);
    session.turn(1, 0);
    session.turn(1, 0);
    await settle();
    await expect(begin(new TestSession())).rejects.toMatchObject({ message: expect.stringContaining('at one time') });
    await session.end();
    const second = new TestSession();
    await begin(second);
    await second.end();
    await expect(begin(new TestSession())).rejects.toMatchObject({ code: 'rate_limit_exceeded' });
  });

  it('releases the reservation of a session that no provider accepted', async () => {
    const { begin, spent, meters } = stage({ budget: [{ amount: usd(10), period: 'month' }] });
    const session = new TestSession();
    session.service = () => ({
      complete: () => Promise.reject(new LlmError('upstream_error', 'no provider')),
    });
    await expect(begin(session)).rejects.toMatchObject({ code: 'upstream_error' });
    await settle();
    expect(await spent()).toBe(0);
    const period = new Date().toISOString().slice(0, 7);
    expect((await meters.budget({ tenant: 't', subject: 'k', meter: 'budget', period })).reserved).toBe(0);
  });
});
