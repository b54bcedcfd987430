import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/core/testing';
import { ask, chat } from '../../support/ask.ts';
import { ADMIN_KEY } from '../../support/gateway-process.ts';
import { type Replicas, startGateway } from '../../support/start-gateway.ts';
import { type Ran, runCli, startCli } from './run-cli.ts';

describe('the sluice command', () => {
  let replicas: Replicas;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-cli-'));
    replicas = await startGateway({
      replicas: 1,
      config: (baseUrl) => ({
        providers: { up: { baseUrl } },
        models: { plain: { targets: [{ provider: 'up', model: 'plain', price: { input: 0, output: 0, request: 0.25 } }] } },
        cache: { exact: { ttl: '1h' } },
      }),
      environment: { GROQ_API_KEY: 'a-secret-of-groq' },
    });
  });
  afterAll(async () => {
    await replicas.stop();
    rmSync(folder, { recursive: true });
  });
  const gateway = () => replicas.gateways[0] as Replicas['gateways'][number];
  const environment = () => ({ SLUICE_ADMIN_URL: gateway().adminUrl, SLUICE_ADMIN_KEY: ADMIN_KEY });
  const sluice = (...args: string[]) => runCli(args, environment());
  const good = async (...args: string[]): Promise<Ran> => {
    const ran = await sluice(...args);
    expect([args, ran.code, ran.err]).toEqual([args, 0, expect.any(String)]);
    return ran;
  };
  const json = async (...args: string[]) => JSON.parse((await good(...args, '--json')).out) as Record<string, unknown>;
  const send = (key: string, text: string) => ask(gateway().url, chat('plain', text), { key });
  /** Returns the cells of each line of a table. */
  const cells = (out: string): string[][] =>
    out
      .trimEnd()
      .split('\n')
      .map((line) => line.trim().split(/ {2,}/));

  it('makes keys, teams and tenants whose limits apply, and shows their usage', async () => {
    await good('tenants', 'create', 'acme', '--budget', '500/month');
    await good('teams', 'create', 'web', '--tenant', 'acme', '--rpm', '600');
    const made = await good('keys', 'create', '--team', 'web', '--rpm', '3', '--budget', '50/month', '--tag', 'stage=test');
    // only the secret is written to stdout, so that a script can read it
    expect(made.out).toMatch(/^sk-sluice-[0-9A-Za-z]{43}\n$/);
    const [, name = ''] = /The key '(web-[0-9a-f]{8})' was created/.exec(made.err) ?? [];
    const secret = made.out.trim();
    const answers = [];
    for (const text of ['a', 'b', 'c', 'd']) answers.push((await send(secret, text)).status);
    expect(answers).toEqual([200, 200, 200, 429]);

    const list = cells((await good('keys', 'list')).out);
    expect(list[0]?.slice(0, 4)).toEqual(['NAME', 'STATUS', 'TENANT', 'TEAM']);
    expect(list[1]).toEqual([name, 'active', 'acme', 'web', 'all', 'requests 3/min', '50 USD/month', '-']);
    await waitFor(async () => (await good('keys', 'show', name)).out.trimEnd().endsWith('0.75'), 'the calls to be settled');

    await good('keys', 'set', name, '--rpm', '4', '--unset', 'budget', '--unset', 'limits.tokens');
    expect(await json('keys', 'show', name)).toMatchObject({ limits: { requests: '4/min' }, status: 'active' });
    expect(await json('keys', 'show', name)).not.toHaveProperty('budget');
    await waitFor(async () => (await send(secret, 'e')).status === 200, 'the new limit to hold');

    const usage = cells((await good('usage', '--by', 'team', '--since', '7d')).out);
    expect(usage[0]?.slice(0, 3)).toEqual(['TEAM', 'CALLS', 'ERRORS']);
    expect(usage[1]?.[0]).toBe('web');
    expect(usage[1]?.[6]).toBe('1.00');
    expect(await json('usage', '--by', 'tag')).toMatchObject({ rows: [{ tag: 'stage=test', costUsd: 1 }] });
    const [head, first] = (await good('usage', '--by', 'key,model', '--csv')).out.split('\n');
    expect(head).toMatch(/^key,model,calls,errors,.*costUsd/);
    expect(first).toContain(`${name},`);

    const rotated = await good('keys', 'rotate', name, '--grace', 'none');
    await waitFor(async () => (await send(secret, 'f')).status === 401, 'the old secret to end');
    expect(rotated.out).toMatch(/^sk-sluice-[0-9A-Za-z]{43}\n$/);
    expect((await good('keys', 'block', name)).out).toContain('blocked');
    await waitFor(async () => (await send(rotated.out.trim(), 'g')).status === 401, 'the key to be blocked');
    expect(cells((await good('keys', 'list', '--status', 'blocked')).out)).toHaveLength(2);
    await good('keys', 'unblock', name);
    expect(await sluice('teams', 'delete', 'web')).toMatchObject({
      code: 1,
      err: expect.stringContaining(`has the key '${name}'`),
    });
    await good('keys', 'revoke', name);
    await good('teams', 'delete', 'web');
    await good('tenants', 'delete', 'acme');
    expect((await good('tenants', 'list')).err).toContain('No entries.');

    const changes = (await json('changes', '-n', '100')) as unknown as { action: string }[];
    expect(changes.map(({ action }) => action).reverse()).toEqual([
      'tenant.create',
      'team.create',
      'key.create',
      'key.change',
      'key.rotate',
      'key.block',
      'key.unblock',
      'key.revoke',
      'team.delete',
      'tenant.delete',
    ]);
    expect((await good('changes', '--kind', 'key')).out).toContain('budget: 50 USD/month → -');
  });

  it('describes every option of a key', async () => {
    await good('tenants', 'create', 'all');
    const options = {
      '--tenant': 'all',
      '--model': 'plain',
      '--route': '/v1/*',
      '--ip': '127.0.0.0/8',
      '--tag': 'a=b',
      '--meta': 'owner=ann',
      '--expires': '2030-01-02',
      '--tokens': '500/10s',
      '--rpm': '100',
      '--requests': '1000/day',
      '--concurrent': '3',
      '--budget': '5/day soft',
      '--unpriced': 'refuse',
      '--user-rpm': '7',
      '--user-budget': '1',
    };
    await good('keys', 'create', 'all-options', ...Object.entries(options).flat(), '--budget', '50/month');
    expect(await json('keys', 'show', 'all-options')).toMatchObject({
      tenant: 'all',
      models: ['plain'],
      routes: ['/v1/*'],
      allowedIps: ['127.0.0.0/8'],
      tags: { a: 'b' },
      metadata: { owner: 'ann' },
      expiresAtMs: Date.parse('2030-01-02'),
      limits: { tokens: '500/10s', requests: ['100/min', '1000/day'], concurrent: 3, unpriced: 'refuse' },
      budget: ['5 USD/day soft', '50 USD/month'],
      spending: [{ soft: true, limitUsd: 5 }, { limitUsd: 50 }],
      users: { limits: { requests: '7/min' }, budget: '1 USD' },
    });
    const shown = (await good('keys', 'show', 'all-options')).out;
    expect(shown).toContain('5 USD/day soft + 50 USD/month');
    expect(shown.trimEnd()).toMatch(/0\.00 \+ 0\.00$/);
  });

  it('makes administrators, and limits their commands to their role', async () => {
    const key = (await good('admins', 'create', 'ann', '--role', 'viewer')).out.trim();
    const asAnn = (...args: string[]) => runCli(args, { ...environment(), SLUICE_ADMIN_KEY: key });
    expect((await asAnn('admins', 'me')).out).toContain('viewer');
    expect(await asAnn('keys', 'create', 'x')).toMatchObject({
      code: 1,
      err: "sluice: The role 'viewer' does not allow this.\n",
    });
    await good('admins', 'set', 'ann', '--role', 'operator');
    await waitFor(async () => (await asAnn('keys', 'create', `by-ann-${Math.random()}`)).code === 0, 'the role to be known');
    const file = join(folder, 'key');
    writeFileSync(file, `${key}\n`);
    const byFile = await runCli(['admins', 'me', '--admin-key-file', file], { SLUICE_ADMIN_URL: gateway().adminUrl });
    expect([byFile.code, byFile.out]).toEqual([0, expect.stringContaining('operator')]);
    await good('admins', 'delete', 'ann');
    expect((await good('admins', 'list')).err).toContain('No entries');
  });

  it('follows the audit trail until Ctrl-C, and prints each record once', async () => {
    const key = (await good('keys', 'create', 'followed')).out.trim();
    await send(key, 'before');
    await waitFor(async () => (await good('audit', 'list', '--key', 'followed')).out.includes('followed'), 'the first record');
    const tail = startCli(['audit', 'tail', '--key', 'followed', '--json'], environment());
    const seen = () =>
      tail
        .out()
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as { requestId: string; status: number });
    await waitFor(() => seen().length === 1, 'the record of before');
    const ids = [];
    for (const text of ['one', 'two', 'three']) ids.push((await send(key, text)).headers.get('x-request-id'));
    await waitFor(() => seen().length === 4, 'the records of what came then');
    expect(
      seen()
        .slice(1)
        .map(({ requestId }) => requestId),
    ).toEqual(ids);
    tail.process.kill('SIGINT');
    expect(await tail.ended).toMatchObject({ code: 0, err: '' });
    const shown = cells((await good('audit', 'tail', '--no-follow', '--key', 'followed', '-n', '2')).out);
    expect(shown).toHaveLength(3);
    expect(shown[2]?.at(-1)).toBe(ids[2]);
    expect((await good('audit', 'list', '--key', 'nobody')).err).toContain('No matching records');
  });

  it('shows providers, cache and configuration, and a live overview', async () => {
    const key = (await good('keys', 'create', 'looked-at')).out.trim();
    const cacheKey = (await send(key, 'kept')).headers.get('x-sluice-cache-key') as string;
    const providers = (await good('providers')).out;
    expect(providers).toMatch(/^PROVIDER +CALLS +SHARE/);
    expect(providers).toMatch(/^up\/plain +plain +\d+ ms +0 +closed$/m);
    await waitFor(
      async () => (await good('cache', 'list', '--tenant', 'looked-at')).out.includes(cacheKey),
      'the answer to be kept',
    );
    await good('cache', 'delete', cacheKey, '--tenant', 'looked-at');
    expect((await good('cache', 'list', '--tenant', 'looked-at')).err).toContain('0 in total');
    expect(await sluice('cache', 'delete')).toMatchObject({ code: 1, err: expect.stringContaining('all=true') });
    expect((await json('config', 'show'))['config']).toMatchObject({
      redis: { timeout: 5_000 },
      // the key in the environment is enough
      providers: { up: {}, groq: {} },
    });

    const once = (await good('top', '--once')).out;
    expect(once).toMatch(/requests \d+ .* cost \d+\.\d+ USD/);
    expect(once).toContain('looked-at');
    const top = startCli(['top', '--interval', '1', '--json'], environment());
    await waitFor(() => top.out().trimEnd().split('\n').length >= 2, 'a second view');
    top.process.kill('SIGINT');
    expect((await top.ended).code).toBe(0);
    const [, second = '{}'] = top.out().split('\n');
    expect(JSON.parse(second)).toMatchObject({ requestsPerSecond: expect.any(Number), keys: expect.any(Array) });
  });

  it('checks a configuration, and names each error and its field', async () => {
    const check = (text: string, variables: Record<string, string> = {}) => {
      const file = join(folder, 'sluice.yaml');
      writeFileSync(file, text);
      return runCli(['config', 'check', file], variables);
    };
    const text =
      'providers: { own: { baseUrl: "http://vllm:8000/v1", apiKey: "${OWN_KEY}" } }\nmodels: { m: { targets: [{ provider: own, model: x }] } }\n';
    const taken = await check(text, { OWN_KEY: 'secret-of-own' });
    expect([taken.code, taken.out]).toEqual([0, expect.stringContaining('valid (providers: 1, models: 1, keys: 0)')]);
    expect(taken.err).toContain('own/x: the price is unknown');
    expect(await check(text)).toMatchObject({ code: 1, err: expect.stringContaining('the environment has no variable OWN_KEY') });
    expect(await check('models: { m: { targets: [{ provider: nobody, model: x }] } }')).toMatchObject({
      code: 1,
      err: expect.stringContaining("models.m.targets[0].provider: there is no provider 'nobody'"),
    });
    expect(await check('keys: [')).toMatchObject({ code: 1, err: expect.stringContaining('sluice.yaml:1:') });
    const wrong = await runCli(['config', 'check', '--json', join(folder, 'none.yaml')], {});
    expect([wrong.code, JSON.parse(wrong.out)]).toEqual([1, expect.objectContaining({ valid: false })]);
  });

  it('completes commands, options and names', async () => {
    expect((await sluice('complete', '--', 'keys', 'ro')).out).toContain('rotate');
    expect((await sluice('complete', '--', 'us')).out).toContain('usage');
    for (const shell of ['bash', 'zsh', 'fish']) expect((await good('completion', shell)).out).toContain('sluice');
  });

  it.each<[what: string, args: string[], code: number, message: string]>([
    ['an unknown command', ['frobnicate'], 2, "unknown command 'frobnicate'"],
    ['a misspelled command', ['keys', 'lst'], 2, 'Did you mean list?'],
    ['an invalid option', ['keys', 'create', 'x', '--rpm', 'many'], 2, 'expected a whole number'],
    ['an invalid budget', ['keys', 'create', 'x', '--budget', 'lots'], 2, 'expected a budget such as'],
    ['an invalid name', ['keys', 'create', 'a:b'], 1, 'name: expected 1 to 64 letters'],
    ['an unknown key', ['keys', 'show', 'nobody'], 1, 'There is no key of that name.'],
    ['a missing name', ['keys', 'rotate'], 2, "missing required argument 'name'"],
    ['two output formats at once', ['usage', '--csv', '--json'], 2, '--csv or --json, not both'],
    ['an invalid day', ['usage', '--since', 'soon'], 2, 'expected a day'],
    ['an unreachable gateway', ['--url', 'http://127.0.0.1:9', 'keys', 'list'], 3, 'cannot be reached at http://127.0.0.1:9'],
  ])('reports %s', async (_what, args, code, message) => {
    expect(await sluice(...args)).toMatchObject({ code, out: '', err: expect.stringContaining(message) });
  });

  it('names the sources of the admin key when the key is missing or wrong', async () => {
    expect(await runCli(['keys', 'list'], {})).toMatchObject({ code: 2, err: expect.stringContaining('Set SLUICE_ADMIN_KEY') });
    const wrong = await runCli(['keys', 'list'], { ...environment(), SLUICE_ADMIN_KEY: 'wrong' });
    expect(wrong).toMatchObject({ code: 1, err: expect.stringContaining('SLUICE_ADMIN_KEY or --admin-key-file') });
    expect(await runCli(['keys', 'list', '--admin-key-file', join(folder, 'none')], {})).toMatchObject({
      code: 2,
      err: expect.stringContaining('cannot be read (ENOENT)'),
    });
  });

  it('sends its key to no other server: follows no redirect, and reports a server that is not an admin API', async () => {
    const asked: (string | undefined)[] = [];
    const other: Server = createServer((request, response) => {
      asked.push(request.headers.authorization);
      if (request.url?.startsWith('/away')) response.writeHead(302, { location: '/elsewhere' }).end();
      else response.writeHead(404, { 'content-type': 'text/html' }).end('<h1>nothing');
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    expect(await sluice('--url', `${url}/away`, 'keys', 'list')).toMatchObject({ code: 3 });
    expect(asked).toHaveLength(1);
    const html = await sluice('--url', url, 'keys', 'list');
    expect(html).toMatchObject({
      code: 1,
      err: expect.stringContaining("responded with 404, but not as a gateway's admin API does"),
    });
    other.close();
  });
});
