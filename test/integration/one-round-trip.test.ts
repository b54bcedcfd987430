import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/core/testing';
import { ask, chat } from '../support/ask.ts';
import { type Replicas, startGateway } from '../support/start-gateway.ts';
import { startWatchedProxy, type WatchedProxy } from '../support/watched-proxy.ts';

const KEY = 'key-of-the-trips';

describe('the round trips of a call to Redis', () => {
  let proxy: WatchedProxy;
  let replicas: Replicas;
  beforeAll(async () => {
    proxy = await startWatchedProxy(process.env['TEST_REDIS_URL'] as string);
    replicas = await startGateway({
      replicas: 1,
      config: (baseUrl) => ({
        providers: { up: { baseUrl } },
        keys: [{ name: 'limited', secret: KEY, tenant: 'trips', limits: { requests: '1000/min', concurrent: 10 } }],
        cache: { exact: { ttl: '1h' } },
      }),
      redis: proxy.url,
    });
    // From here on Redis has the scripts, and the replica has the key. The replica has fetched the key a second time after its
    // subscription to revocations began, and no write of these calls is pending.
    let calls = 0;
    let misses = 0;
    let quiet = 0;
    const commands = (name: string) =>
      onTheWay()
        .flat()
        .filter((command) => command.startsWith(name)).length;
    await waitFor(async () => {
      const asked = commands('HGET');
      const subscribed = listening();
      const { headers } = await call(`warm ${++calls}`);
      // only the response of a call that looked in the cache is stored
      if (headers.get('x-sluice-cache') === 'miss') misses++;
      quiet = subscribed && commands('HGET') === asked ? quiet + 1 : 0;
      return quiet === 3;
    }, 'the key to be known');
    await waitFor(() => commands('SET') >= misses, 'the answers to be stored');
  });
  afterAll(async () => {
    await replicas.stop();
    await proxy.close();
  });

  const call = (content: string, model = 'up/plain', more = {}) =>
    ask(replicas.gateways[0]?.url as string, chat(model, content, more), { key: KEY });
  /** Returns the round trips of the connection that calls wait for. It is the connection with the cache look-ups. */
  const onTheWay = () => proxy.trips().find((bursts) => bursts.flat().some((command) => command.includes(':cache:'))) ?? [];
  const listening = () =>
    proxy
      .trips()
      .flat(2)
      .some((command) => command.startsWith('SUBSCRIBE'));
  const kinds = (burst: readonly string[] | undefined) =>
    burst?.map((command) => command.replace(/^(\w+) .*(:calls:|:cache:).*/, '$1 $2'));

  it('needs one round trip before the provider call, for limits and cache together', async () => {
    const before = onTheWay().length;
    replicas.simulator.journal.clear();
    const answer = call('slow', 'up/plain+latency=100');
    await waitFor(() => replicas.simulator.journal.entries.length === 1, 'the provider to be asked');
    expect(onTheWay().slice(before).map(kinds)).toEqual([['EVALSHA :calls:', 'GET :cache:']]);
    expect((await answer).headers.get('x-sluice-cache')).toBe('miss');
    // the client's response did not wait for its storing
    await waitFor(() => onTheWay().length > before + 1, 'the answer to be stored');
    expect(
      onTheWay()
        .slice(before + 1)
        .map(kinds),
    ).toEqual([['SET :cache:']]);
  });

  it.each([false, true])('needs one round trip in total for a cache hit (streamed: %s)', async (stream) => {
    await call('twice', 'up/plain', { stream });
    await waitFor(async () => (await call('twice', 'up/plain', { stream })).headers.get('x-sluice-cache') === 'hit', 'a hit');
    const before = onTheWay().length;
    for (let n = 0; n < 5; n++) await call('twice', 'up/plain', { stream });
    expect(onTheWay().slice(before).map(kinds)).toEqual(Array(5).fill(['EVALSHA :calls:', 'GET :cache:']));
  });

  it('claims an idempotency key first, and then sends limits and cache lookup together', async () => {
    const url = replicas.gateways[0]?.url as string;
    const once = (key: string) => ask(url, chat('up/plain+latency=100', key), { key: KEY, headers: { 'idempotency-key': key } });
    await once('loads the scripts');
    // a replayed response proves that the claim and the stored response were written: Redis has both scripts from here on
    await waitFor(
      async () => (await once('loads the scripts')).headers.get('idempotency-replayed') === 'true',
      'the response to be replayed',
    );
    const before = onTheWay().length;
    replicas.simulator.journal.clear();
    const answer = once('counted');
    await waitFor(() => replicas.simulator.journal.entries.length === 1, 'the call at the provider');
    const trips = onTheWay().slice(before).map(kinds);
    expect(trips).toHaveLength(2);
    expect(trips[1]).toEqual(['EVALSHA :calls:', 'GET :cache:']);
    expect((await answer).status).toBe(200);
  });

  it('needs no round trip for a recently refused key, an invalid body and an unknown model', async () => {
    const url = replicas.gateways[0]?.url as string;
    await ask(url, chat('up/plain', 'x'), { key: 'wrong' });
    const before = onTheWay().length;
    for (const [body, key, status] of [
      [chat('up/plain', 'x'), 'wrong', 401],
      ['{"model":', KEY, 400],
      [chat('nowhere', 'x'), KEY, 404],
    ] as const) {
      expect((await ask(url, body, { key })).status).toBe(status);
    }
    expect(onTheWay().length).toBe(before);
  });
});
