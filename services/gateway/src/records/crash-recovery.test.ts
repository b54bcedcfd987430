import { describe, expect, it, jest } from '@jest/globals';
import { type LlmCall, usd } from '@sluice/core';
import { ManualClock } from '@sluice/core/testing';
import { openAiCall } from '@sluice/dialects';
import { type AuditRecord, chargedBudgets, InFlightCalls } from '@sluice/proxies';
import { MemoryCallCheckpoints } from '@sluice/store/memory';
import type { Meters } from '@sluice/store/ports';
import { CrashRecovery } from './crash-recovery.ts';

function setUp() {
  const clock = new ManualClock(1_700_000_000_000);
  const store = new MemoryCallCheckpoints(clock);
  const open = (replica: string) => {
    const inFlight = new InFlightCalls();
    const slots = new Map<LlmCall, number>();
    const written: AuditRecord[] = [];
    const settle = jest.fn<Meters['settle']>(async () => {});
    let healthy = true;
    const watch = new CrashRecovery({
      ...{ inFlight, store, clock, replica },
      meters: { settle },
      healthy: () => healthy,
      onFault: (error) => expect(error).toBeUndefined(),
    });
    watch.writeTo({ write: (record) => void written.push(record) });
    const begin = (id: string, tokens = 7): LlmCall => {
      const call = { ...openAiCall({ model: 'm', messages: [] }), id, requestId: id, startedAtMs: clock.monotonic() };
      const usage = { inputTokens: 3, outputTokens: tokens };
      call.context.account.open({ accrued: () => ({ usage, cost: usd(0.5) }) });
      chargedBudgets.set(call, [{ tenant: 't', subject: 'k', period: 'total', endsAtMs: undefined, reserved: usd(2) }]);
      slots.set(call, inFlight.begin(call));
      return call;
    };
    const setUnavailable = (gone: boolean) => {
      healthy = !gone;
    };
    const end = (call: LlmCall) => inFlight.end(slots.get(call) ?? Number.NaN);
    return { written, settle, watch, begin, end, away: setUnavailable };
  };
  /** Advances the clock second by second; only the given watches send heartbeats. */
  const seconds = async (count: number, ...watches: CrashRecovery[]) => {
    for (let n = 0; n < count; n++) {
      clock.advance(1_000);
      for (const watch of watches) await watch.tick();
    }
  };
  return { clock, store, open, seconds };
}

describe('CrashRecovery', () => {
  it("records the end of a crashed replica's long calls once, and charges the accrued usage", async () => {
    const { open, seconds } = setUp();
    const [dead, one, other] = [open('dead'), open('one'), open('other')];
    dead.begin('long');
    await seconds(2, dead.watch, one.watch, other.watch);
    dead.begin('short');
    await seconds(28, one.watch, other.watch);
    expect([...one.written, ...other.written]).toEqual([]);
    await seconds(15, one.watch, other.watch);
    const records = [...one.written, ...other.written];
    expect(records).toMatchObject([
      {
        requestId: 'long',
        outcome: 'failed',
        error: 'gateway_crashed',
        inputTokens: 3,
        outputTokens: 7,
        estimated: true,
        costNanos: usd(0.5),
      },
    ]);
    const settled = [...one.settle.mock.calls, ...other.settle.mock.calls];
    expect(settled).toMatchObject([
      [
        {
          tenant: 't',
          callId: 'long',
          charges: [{ actual: usd(0.5), charge: { kind: 'budget', amount: usd(2), period: 'total' } }],
        },
      ],
    ]);
  });

  it("charges the last turn of a crashed replica's session under the turn's own id", async () => {
    const { open, seconds } = setUp();
    const [a, b] = [open('a'), open('b')];
    await seconds(1, a.watch, b.watch);
    const session = a.begin('session');
    const [charge] = chargedBudgets.get(session);
    if (charge !== undefined) {
      chargedBudgets.set(session, [{ ...charge, turn: { callId: 'session.3', settled: usd(0.3) } }]);
    }
    await seconds(3, a.watch, b.watch);
    await seconds(60, b.watch);
    expect(b.settle.mock.calls.map(([{ callId, charges }]) => [callId, charges[0]?.actual])).toEqual([['session.3', usd(0.2)]]);
    expect(b.written).toMatchObject([{ costNanos: usd(0.5) }]);
  });

  it('writes checkpoints that the previous version reads, and reads those of the previous version', async () => {
    const { open, seconds, store } = setUp();
    const [dead, other] = [open('dead'), open('other')];
    const heartbeat = jest.spyOn(store, 'heartbeat');
    dead.begin('new');
    await seconds(2, dead.watch, other.watch);
    const state = JSON.parse(heartbeat.mock.calls.at(-1)?.[0].calls[0]?.state ?? '');
    expect(state.record).toMatchObject({ costUsd: 0.5, savedUsd: null, costNanos: usd(0.5) });

    const { costNanos: _, ...record } = state.record;
    const tried = [{ target: 'one/m', outcome: 'lost', reason: 'silent', latencyMs: 3 }];
    const old = { ...state, record: { ...record, requestId: 'old', costUsd: 0.25, tried } };
    await store.heartbeat({ replica: 'previous', calls: [{ callId: 'old', state: JSON.stringify(old) }] });
    await seconds(60, other.watch);
    expect(other.written).toHaveLength(2);
    expect(other.written.find(({ requestId }) => requestId === 'old')).toMatchObject({
      costNanos: usd(0.25),
      tried: [{ target: 'one/m', outcome: 'superseded', reason: 'timeout', latencyMs: 3 }],
    });
    expect(other.written).not.toContainEqual(expect.objectContaining({ costUsd: expect.anything() }));
    const settled = other.settle.mock.calls.map(([{ callId, charges }]) => [callId, charges[0]?.actual]);
    expect(new Map(settled as [string, number][])).toEqual(
      new Map([
        ['new', usd(0.5)],
        ['old', usd(0.25)],
      ]),
    );
  });

  it('lets a live replica record the end of its own long calls', async () => {
    const { open, seconds } = setUp();
    const [own, other] = [open('own'), open('other')];
    const call = own.begin('long');
    expect(own.watch.isCheckpointed('long')).toBe(false);
    await seconds(60, own.watch, other.watch);
    expect(other.written).toEqual([]);
    expect(own.watch.isCheckpointed('long')).toBe(true);
    own.end(call);
    expect(await own.watch.end('long')).toBe(true);
    await seconds(60, other.watch);
    expect(other.written).toEqual([]);
  });

  it('keeps a replica that resumes after a pause from recording calls that another one claimed', async () => {
    const { open, seconds } = setUp();
    const [asleep, other] = [open('asleep'), open('other')];
    const call = asleep.begin('long');
    await seconds(2, asleep.watch, other.watch);
    await seconds(45, other.watch);
    expect(other.written).toHaveLength(1);
    await seconds(1, asleep.watch);
    asleep.end(call);
    expect(asleep.watch.isCheckpointed('long')).toBe(true);
    expect(await asleep.watch.end('long')).toBe(false);
    // new calls of the resumed replica are its own again
    const next = asleep.begin('next');
    await seconds(3, asleep.watch, other.watch);
    asleep.end(next);
    expect(await asleep.watch.end('next')).toBe(true);
    expect(other.written).toHaveLength(1);
  });

  it('takes no replica for crashed in the first seconds after the store was unavailable', async () => {
    const { open, seconds } = setUp();
    const [one, other] = [open('one'), open('other')];
    one.begin('long');
    await seconds(20, one.watch, other.watch);
    for (const { away } of [one, other]) away(true);
    await seconds(120, one.watch, other.watch);
    other.away(false);
    await seconds(1, other.watch);
    one.away(false);
    await seconds(60, one.watch, other.watch);
    expect(other.written).toEqual([]);
  });

  it('records its own call when the store is unavailable', async () => {
    const { open, seconds, store } = setUp();
    const { watch, begin } = open('own');
    begin('long');
    await seconds(3, watch);
    jest.spyOn(store, 'end').mockRejectedValue(new Error('away'));
    expect(await watch.end('long')).toBe(true);
  });
});
