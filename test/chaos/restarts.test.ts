import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { ConfigFile } from '@sluice/config';
import { waitFor } from '@sluice/core/testing';
import { ask, chat } from '../support/ask.ts';
import { type GatewayProcess, untilReady } from '../support/gateway-process.ts';
import { counted, type Load, startLoad } from '../support/load.ts';
import { recordsOf, whatIsWrong } from '../support/oracle.ts';
import { rawClient } from '../support/raw-client.ts';
import { type Balancer, startBalancer } from './balancer.ts';
import { type Stage, startStage } from './stage.ts';

const KEY = 'key-of-restarts';

describe('restarts and pauses of replicas', () => {
  let stage: Stage;
  let load: Load | undefined;
  let front: Balancer | undefined;
  afterEach(async () => {
    await load?.stop();
    front?.stop();
    load = undefined;
    front = undefined;
    await stage.stop();
  });
  const start = async (replicas: number, more: ConfigFile = {}) => {
    stage = await startStage({
      replicas,
      config: (baseUrl) => ({
        providers: { up: { baseUrl } },
        models: {
          quick: { targets: [{ provider: 'up', model: 'quick', price: { input: 1, output: 1 } }] },
          slow: { targets: [{ provider: 'up', model: 'slow+tps=20', price: { input: 1, output: 1 } }] },
          endless: { targets: [{ provider: 'up', model: 'endless+tps=1' }] },
        },
        keys: [{ name: 'restarts', secret: KEY, budget: '1000 USD/day', limits: { requests: '1000000/h', concurrent: 1_000 } }],
        // this test is not about a slow Redis: replicas that start next to it on a small machine delay it
        redis: { maxReplicas: 4, timeout: '1s' },
        ...more,
      }),
    });
    await stage.warm([KEY], 'quick');
  };

  it('T42e: loses no call and breaks no stream when three replicas restart one after the other under load', async () => {
    await start(3, { shutdown: { delay: '700ms', drain: '30s' } });
    front = startBalancer(stage.gateways);
    // a word each twentieth of a second: a stream lasts about half a second, so that some streams are always in flight
    load = startLoad({
      url: (n) => (front as Balancer).url(n),
      key: () => KEY,
      model: (n) => (n % 4 === 0 ? 'slow' : 'quick'),
      stream: (n) => n % 4 === 0,
      rate: 200,
    });
    await waitFor(() => (load as Load).seen.length > 200, 'the load to run');
    for (const old of [...stage.gateways]) {
      const fresh = await stage.more();
      await untilReady(fresh);
      front.add(fresh);
      await waitFor(() => front?.isReady(fresh) === true, 'it to be given calls');
      expect(await old.stop('SIGTERM')).toBe(0);
      front.remove(old);
    }
    await sleep(500);
    const seen = await load.stop();
    expect(seen.length).toBeGreaterThan(600);
    expect(counted(seen)).toEqual({ 200: seen.length });
    for (const { stream, text } of seen) if (stream) expect(text).toContain('[DONE]');
    const alive = stage.gateways.filter(({ process }) => process.exitCode === null && process.signalCode === null);
    const wrong = await whatIsWrong({ gateways: alive, simulator: stage.simulator, seen, budgets: ['/keys/restarts'] });
    expect(wrong).toEqual([]);
  }, 120_000);

  it('T42f: sends an error to calls that exceed the drain time, and records them', async () => {
    await start(2, { shutdown: { delay: '1ms', drain: '500ms' } });
    const [going, staying] = stage.gateways as [GatewayProcess, GatewayProcess];
    const text = 'one two three four five six seven eight nine ten';
    const streamed = ask(going.url, chat('endless', text, { stream: true }), {
      key: KEY,
      headers: { 'x-request-id': 'cut-stream' },
    });
    const whole = ask(going.url, chat('up/x+latency=20000', 'x'), { key: KEY, headers: { 'x-request-id': 'cut-whole' } });
    await waitFor(
      () => stage.simulator.journal.entries.filter(({ outcome }) => outcome === 'pending').length === 2,
      'both calls to be in flight',
    );
    await waitFor(() => stage.simulator.journal.entries.some(({ events = 0 }) => events > 1), 'the stream to have begun');
    expect(await going.stop('SIGTERM')).toBe(0);
    expect((await streamed).text).toContain('"code":"gateway_draining"');
    expect((await streamed).text).not.toContain('[DONE]');
    expect([(await whole).status, (await whole).code]).toEqual([503, 'gateway_draining']);
    await waitFor(async () => {
      const records = await recordsOf(staying);
      return ['cut-stream', 'cut-whole'].every((id) => records.filter(({ requestId }) => requestId === id).length === 1);
    }, 'a record of each');
  }, 180_000);

  it('breaks the streams of a killed replica without a regular end, serves the others, and releases its reservations', async () => {
    await start(3);
    const killed = stage.gateways[0] as GatewayProcess;
    load = startLoad({
      url: (n) => (stage.gateways[n % 3] as GatewayProcess).url,
      key: () => KEY,
      model: (n) => (n % 2 === 0 ? 'slow' : 'quick'),
      stream: (n) => n % 2 === 0,
      rate: 60,
    });
    await waitFor(() => (load as Load).seen.length > 60, 'the load to run');
    const killedMs = performance.now();
    killed.process.kill('SIGKILL');
    await sleep(1_500);
    const seen = await load.stop();
    const alive = stage.gateways.slice(1);
    const ofKilled = (n: number) => n % 3 === 0;
    const others = seen.filter(({ n }) => !ofKilled(n));
    expect(counted(others)).toEqual({ 200: others.length });
    for (const { n, status, stream, text, atMs, tookMs } of seen) {
      if (!ofKilled(n) || atMs + tookMs < killedMs) continue;
      // a broken connection, or a stream that was complete before the kill
      expect(status === 0 || (stream && text.includes('[DONE]'))).toBe(true);
    }
    const wrong = await whatIsWrong({
      gateways: alive,
      simulator: stage.simulator,
      seen,
      lost: ({ n, atMs, tookMs }) => ofKilled(n) && atMs + tookMs > killedMs - 100,
      budgets: ['/keys/restarts'],
    });
    expect(wrong).toEqual([]);
  }, 180_000);

  it('serves calls from other replicas while an event loop is blocked, and completes the waiting calls afterwards', async () => {
    await start(3);
    front = startBalancer(stage.gateways);
    const still = stage.gateways[0] as GatewayProcess;
    load = startLoad({ url: (n) => (front as Balancer).url(n), key: () => KEY, model: () => 'quick', rate: 60 });
    await waitFor(() => (load as Load).seen.length > 60, 'the load to run');
    still.process.kill('SIGSTOP');
    await waitFor(() => front?.isReady(still) === false, 'the balancer to notice');
    const seenMs = performance.now();
    await sleep(1_500);
    const meanwhile = load.seen.filter(({ atMs }) => atMs > seenMs);
    expect(meanwhile.length).toBeGreaterThan(50);
    still.process.kill('SIGCONT');
    await waitFor(() => front?.isReady(still) === true, 'the balancer to send calls again');
    const seen = await load.stop();
    // a pause is not overload: the waiting calls are served
    expect(counted(seen)).toEqual({ 200: seen.length });
    expect(
      await whatIsWrong({ gateways: stage.gateways, simulator: stage.simulator, seen, budgets: ['/keys/restarts'] }),
    ).toEqual([]);
  }, 180_000);

  it('refuses no call that arrived while the machine was paused', async () => {
    await start(1, { resilience: { overload: { lag: '20ms' } } });
    const one = stage.gateways[0] as GatewayProcess;
    one.process.kill('SIGSTOP');
    const clients = Array.from({ length: 20 }, (_, n) => rawClient(one.url, KEY, chat('quick', `late ${n}`)));
    await sleep(400);
    one.process.kill('SIGCONT');
    await waitFor(() => clients.every((client) => client.text().includes('\r\n\r\n')), 'all to be answered');
    for (const { socket } of clients) socket.destroy();
    expect(clients.map((client) => client.text().slice(0, 12))).toEqual(clients.map(() => 'HTTP/1.1 200'));
    expect(await stage.figure(one, 'sluice_shed_total')).toBe(0);
  }, 180_000);

  it('refuses new calls immediately while the event loop is busy, and completes calls in flight', async () => {
    await start(1, { resilience: { overload: { lag: '5ms' } } });
    const one = stage.gateways[0] as GatewayProcess;
    const inFlight = ask(one.url, chat('slow', 'one two three four five six', { stream: true }), { key: KEY });
    await waitFor(
      () => stage.simulator.journal.entries.some(({ model, events = 0 }) => model.startsWith('slow') && events > 0),
      'the stream to have begun',
    );
    // large prompts, sent until the event loop is late twice in a row
    const prompt = 'word '.repeat(500_000);
    const answers: Awaited<ReturnType<typeof ask>>[] = [];
    const isRefused = ({ code }: { code: unknown }) => code === 'overloaded';
    let sent = 0;
    const client = async (): Promise<void> => {
      while (!answers.some(isRefused) && sent++ < 400) answers.push(await ask(one.url, chat('quick', prompt), { key: KEY }));
    };
    await Promise.all(Array.from({ length: 10 }, client));
    const refused = answers.filter(isRefused);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]?.status).toBe(503);
    expect(refused[0]?.headers.get('retry-after')).toMatch(/^\d+$/);
    expect((await inFlight).text).toContain('[DONE]');
    let refusedAfter = 0;
    await waitFor(async () => {
      const answer = await ask(one.url, chat('quick', 'after'), { key: KEY });
      if (isRefused(answer)) refusedAfter++;
      return answer.status === 200;
    }, 'calls to be accepted again');
    expect(await stage.figure(one, 'sluice_shed_total', { reason: 'lag' })).toBe(refused.length + refusedAfter);
  }, 120_000);
});
