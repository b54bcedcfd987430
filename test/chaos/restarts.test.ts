import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { ConfigFile } from '@sluice/config';
import { ask, chat } from '../support/ask.ts';
import { type Balancer, startBalancer } from '../support/balancer.ts';
import { type Stage, startStage } from '../support/chaos-stage.ts';
import { type GatewayProcess, untilReady } from '../support/gateway-process.ts';
import { counted, type Load, startLoad } from '../support/load.ts';
import { recordsOf, whatIsWrong } from '../support/oracle.ts';
import { rawClient } from '../support/raw-client.ts';
import { waitFor } from '../support/wait-for.ts';

const KEY = 'key-of-restarts';

describe('replicas', () => {
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
        // this is not about a slow Redis: replicas that start beside it on a small machine make it wait
        redis: { maxReplicas: 4, timeout: '1s' },
        ...more,
      }),
    });
    await stage.warm([KEY], 'quick');
  };

  it('T42e: three restarted one after the other under load: no call is lost, and no stream is cut', async () => {
    await start(3, { shutdown: { delay: '700ms', drain: '30s' } });
    front = startBalancer(stage.gateways);
    // a word a twentieth of a second: each lasts about half a second, so that some are always under way
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

  it('T42f: what is still under way when the time is over is told so, and recorded', async () => {
    await start(2, { shutdown: { delay: '1ms', drain: '500ms' } });
    const [going, staying] = stage.gateways as [GatewayProcess, GatewayProcess];
    const words = 'one two three four five six seven eight nine ten';
    const streamed = ask(going.url, chat('endless', words, { stream: true }), {
      key: KEY,
      headers: { 'x-request-id': 'cut-stream' },
    });
    const whole = ask(going.url, chat('up/x+latency=20000', 'x'), { key: KEY, headers: { 'x-request-id': 'cut-whole' } });
    await waitFor(
      () => stage.simulator.journal.entries.filter(({ outcome }) => outcome === 'pending').length === 2,
      'both to be under way',
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
  }, 60_000);

  it('one killed in the middle of streams: their clients see a break and no end, the others go on, and nothing stays reserved', async () => {
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
      // a connection that breaks; a stream that had begun is not whole
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
  }, 90_000);

  it('one whose event loop stands still: a load balancer that asks gives its calls to the others; those it had are answered when it goes on', async () => {
    await start(3);
    front = startBalancer(stage.gateways);
    const still = stage.gateways[0] as GatewayProcess;
    load = startLoad({ url: (n) => (front as Balancer).url(n), key: () => KEY, model: () => 'quick', rate: 60 });
    await waitFor(() => (load as Load).seen.length > 60, 'the load to run');
    still.process.kill('SIGSTOP');
    await waitFor(() => front?.isReady(still) === false, 'it to be seen');
    const seenMs = performance.now();
    await sleep(1_500);
    const meanwhile = load.seen.filter(({ atMs }) => atMs > seenMs);
    expect(meanwhile.length).toBeGreaterThan(50);
    still.process.kill('SIGCONT');
    await waitFor(() => front?.isReady(still) === true, 'it to be given calls again');
    const seen = await load.stop();
    // a pause is not overload: those that waited for it are answered
    expect(counted(seen)).toEqual({ 200: seen.length });
    expect(
      await whatIsWrong({ gateways: stage.gateways, simulator: stage.simulator, seen, budgets: ['/keys/restarts'] }),
    ).toEqual([]);
  }, 60_000);

  it('one that the machine paused refuses no call that came meanwhile', async () => {
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
  }, 60_000);

  it('one whose event loop is busy refuses new calls at once, and finishes those in flight', async () => {
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
    }, 'calls to be taken again');
    expect(await stage.figure(one, 'sluice_shed_total', { reason: 'lag' })).toBe(refused.length + refusedAfter);
  }, 120_000);
});
