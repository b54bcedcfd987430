import { spawnSync } from 'node:child_process';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { ConfigFile } from '@sluice/config';
import { START_TIMEOUT_MS, waitFor } from '@sluice/core/testing';
import { type RunningSimulator, startSimulator } from '@sluice/simulator';
import { stringify } from 'yaml';
import { ask, askAdmin, chat } from '../support/ask.ts';
import { ADMIN_KEY, type GatewayProcess, startGatewayProcess } from '../support/gateway-process.ts';

const KEY = 'key-of-lifecycle';
const MAIN = fileURLToPath(new URL('../../services/gateway/dist/main.js', import.meta.url));

describe('a gateway process', () => {
  let simulator: RunningSimulator;
  const started: GatewayProcess[] = [];
  beforeAll(async () => {
    simulator = await startSimulator({ models: {} });
  });
  afterEach(async () => {
    await Promise.all(started.splice(0).map((gateway) => gateway.stop('SIGKILL')));
  });
  afterAll(() => simulator.close());

  const configWith = (more: ConfigFile = {}): ConfigFile => ({
    providers: { up: { baseUrl: `${simulator.url}/v1` } },
    keys: [{ name: 'lifecycle', secret: KEY }],
    ...more,
  });
  const start = async (more: ConfigFile = {}, environment: Readonly<Record<string, string>> = {}) => {
    const gateway = await startGatewayProcess({ config: configWith(more), environment });
    started.push(gateway);
    return gateway;
  };
  const asked = (model: string) => () => simulator.journal.entries.some((entry) => entry.model === model);

  it.each(['SIGTERM', 'SIGINT'] as const)('exits with 0 on %s after the in-flight calls have completed', async (signal) => {
    const gateway = await start();
    const model = `${signal}+latency=500`;
    const slow = ask(gateway.url, chat(`up/${model}`, 'x'), { key: KEY });
    const streamed = ask(gateway.url, chat(`up/${signal}-stream+tps=10`, 'x', { stream: true }), { key: KEY });
    await waitFor(asked(model), 'the call to be in flight');
    await waitFor(asked(`${signal}-stream+tps=10`), 'the stream to be in flight');
    const ended = gateway.stop(signal);
    // the gateway accepts no new call meanwhile
    await waitFor(async () => {
      try {
        return (await fetch(`${gateway.url}/readyz`)).status === 503;
      } catch {
        return true;
      }
    }, 'the gateway to stop listening');
    expect((await slow).status).toBe(200);
    expect((await streamed).text).toContain('[DONE]');
    expect(await ended).toBe(0);
    expect(gateway.lines().filter((line) => line['outcome'] === 'answered')).toHaveLength(2);
  });

  it('exits immediately on a second signal, and sends an error to the calls that it aborts', async () => {
    const gateway = await start();
    const hanging = ask(gateway.url, chat('up/second+fault=hang', 'x'), { key: KEY });
    const streamed = ask(gateway.url, chat('up/second+tps=1', 'one two three four', { stream: true }), { key: KEY });
    await waitFor(asked('second+tps=1'), 'the stream to be in flight');
    await waitFor(asked('second+fault=hang'), 'the call to be in flight');
    gateway.process.kill('SIGTERM');
    await waitFor(() => gateway.output().includes('stopping'), 'the gateway to stop');
    expect(await gateway.stop('SIGTERM')).toBe(1);
    expect((await hanging).code).toBe('gateway_draining');
    expect((await hanging).headers.get('connection')).toBe('close');
    expect((await streamed).text).toContain('"code":"gateway_draining"');
    expect((await streamed).text).not.toContain('[DONE]');
  });

  it('applies a changed configuration completely, and continues in-flight calls', async () => {
    const gateway = await start({ models: { name: { targets: [{ provider: 'up', model: 'before' }] } } });
    const slow = ask(gateway.url, chat('up/reload+latency=2500', 'x'), { key: KEY });
    await waitFor(asked('reload+latency=2500'), 'the call to be in flight');
    const changed = configWith({
      models: { name: { targets: [{ provider: 'up', model: 'after' }] }, another: { targets: [{ provider: 'up', model: 'x' }] } },
      keys: [{ name: 'other', secret: 'another-key' }],
    });
    await write(gateway.configFile, stringify(changed));
    await waitFor(() => gateway.output().includes('configuration reloaded'), 'the configuration to be applied');
    const answer = await ask(gateway.url, chat('name', 'x'), { key: 'another-key' });
    expect([answer.status, answer.headers.get('x-sluice-model')]).toEqual([200, 'after']);
    expect((await ask(gateway.url, chat('name', 'x'), { key: KEY })).status).toBe(401);
    expect((await slow).status).toBe(200);
  });

  it('refuses an invalid configuration with the reason, and keeps serving', async () => {
    const gateway = await start();
    const broken = { broken: { targets: [{ provider: 'nobody', model: 'x' }] } };
    await write(gateway.configFile, stringify(configWith({ models: broken })));
    await waitFor(() => gateway.output().includes('configuration refused'), 'the configuration to be refused');
    expect(gateway.output()).toContain("models.broken.targets[0].provider: there is no provider 'nobody'");
    expect((await ask(gateway.url, chat('up/x', 'x'), { key: KEY })).status).toBe(200);
  });

  it('serves calls while its configuration file is emptied and written again, and reports both', async () => {
    const gateway = await start();
    const metric = async (line: string) => {
      const text = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
      return Number(
        text
          .split('\n')
          .find((one) => one.startsWith(`${line} `))
          ?.split(' ')
          .at(-1),
      );
    };
    const source = async () => (await askAdmin(gateway.adminUrl, ADMIN_KEY, 'GET', '/config')).json;
    const before = await source();
    const hash = await metric('sluice_config_reload_hash');
    const text = await readFile(gateway.configFile, 'utf8');
    await writeFile(gateway.configFile, '');
    const refused = 'sluice_config_reloads_total{result="refused"}';
    await waitFor(async () => (await metric(refused)) === 1, 'the empty file to be refused');
    expect((await ask(gateway.url, chat('up/x', 'x'), { key: KEY })).status).toBe(200);
    expect(await metric('sluice_config_reload_success')).toBe(0);
    expect(await source()).toEqual({ ...before, refused: expect.stringContaining('is empty') });
    await writeFile(gateway.configFile, `${text}\nusage: { keep: 7d }\nstreams: { heartbeat: 14s }\n`);
    await waitFor(async () => (await metric('sluice_config_reload_success')) === 1, 'the changed file to be taken over');
    expect(await metric('sluice_config_reload_hash')).not.toBe(hash);
    expect(await metric('sluice_config_reload_restart_required')).toBe(1);
    const after = await source();
    expect(after).toMatchObject({ refused: null, restartRequired: ['usage.keep'] });
    expect(after['config']).toMatchObject({ usage: { keep: 400 * 86_400_000 }, streams: { heartbeat: 14_000 } });
    expect(gateway.output()).toContain('restart required');
  });

  /** Writes as editors and orchestrators do: the file is never incomplete. */
  async function write(file: string, text: string): Promise<void> {
    await writeFile(`${file}.new`, text);
    await rename(`${file}.new`, file);
  }

  const run = (environment: Readonly<Record<string, string>>) => {
    const env = { PATH: process.env['PATH'], PORT: '0', ADMIN_PORT: '0', ...environment };
    const { status, stderr } = spawnSync(process.execPath, [MAIN], {
      env,
      cwd: '/',
      encoding: 'utf8',
      timeout: START_TIMEOUT_MS,
    });
    return { status, stderr };
  };

  it('reports the cause when it cannot start, with the field and the expected value', async () => {
    const file = `${(await start()).configFile}.wrong.yaml`;
    const cases: readonly (readonly [string, string])[] = [
      [
        'keys: [{ name: a, secret: abcdef, limits: { requests: lots } }]',
        'keys[0].limits.requests: expected a limit such as 60/min',
      ],
      ['keyz: []', "unknown field 'keyz'"],
      ['models: { m: { targets: [] } }', 'models.m.targets: '],
      ['keys: [{ name: a, secret: "${NO_SUCH_VARIABLE}" }]', 'keys[0].secret: the environment has no variable NO_SUCH_VARIABLE'],
      ['keys: [', `${file}:1:`],
      ['providers: { p: { baseUrl: "ftp://x" } }', 'providers.p.baseUrl'],
      [
        'providers: { p: {} }\nkeys: [{ name: a, secret: abcdef }]',
        'providers.p.baseUrl: expected, because no provider is known by this name',
      ],
      ['providers: {}', 'No API key is configured and SLUICE_ADMIN_KEY is not set'],
    ];
    for (const [text, expected] of cases) {
      await writeFile(file, text);
      const { status, stderr } = run({ SLUICE_CONFIG: file });
      expect({ text, status, named: stderr.includes(expected), stderr }).toMatchObject({ status: 1, named: true });
      expect(stderr).not.toMatch(/^\s+at /m);
    }
    expect(run({ SLUICE_CONFIG: '/nowhere.yaml' }).stderr).toContain('/nowhere.yaml: cannot be read (ENOENT)');
    expect(run({ REDIS_URL: 'localhost:6379' }).stderr).toContain('REDIS_URL: expected redis://');
    expect(run({ PORT: 'eighty' }).stderr).toContain('PORT: expected a port from 0 to 65535');
    // one process after the other
  }, 180_000);

  it('names the variable to change when its port is in use', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', () => resolve()));
    const { port } = other.address() as { port: number };
    const { status, stderr } = run({ PORT: String(port) });
    expect(status).toBe(1);
    expect(stderr).toContain(`port ${port} is in use; choose another with PORT`);
    await new Promise((resolve) => other.close(resolve));
  });
});
