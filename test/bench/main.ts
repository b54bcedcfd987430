// CPU a request, and requests a second, of the gateway with everything on, as ratios to a bare pass-through that is measured in turn with it.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureRedisServer, startRedisServer } from '../support/redis-server.ts';
import { cpuMicros } from './process-cpu.ts';
import { type LoadResult, MEASURED_CPU, startNode, startRig } from './rig.ts';
import { measureTranslation, translationReport } from './translation.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const DOCUMENT = join(ROOT, 'docs/performance.md');
const quick = process.argv.includes('--quick');
const SECONDS = quick ? 2 : 5;
const ROUNDS = quick ? 2 : 3;
const WARM_UP_SECONDS = quick ? 3 : 10;
const EVENTS = 50;

interface Scenario {
  readonly name: string;
  readonly peer: 'bare' | 'sluice';
  readonly body: 'whole' | 'stream';
  /** A caller of Anthropic's dialect, who is understood and answered in it. */
  readonly translated?: true;
  readonly connections: number;
  readonly headers: Readonly<Record<string, string>>;
  /** What one unit of work is, for the CPU figure. */
  readonly per: 'request' | 'event';
}

const SCENARIOS: readonly Scenario[] = [
  { name: 'bare, live', peer: 'bare', body: 'whole', connections: 32, headers: {}, per: 'request' },
  // looked up in the cache and not found, each time anew: what is answered is not kept
  {
    name: 'Sluice, live',
    peer: 'sluice',
    body: 'whole',
    connections: 32,
    headers: { 'cache-control': 'no-store', 'x-sluice-cache-namespace': 'empty' },
    per: 'request',
  },
  // the same, and each answer is written into the cache
  {
    name: 'Sluice, live, answers kept',
    peer: 'sluice',
    body: 'whole',
    connections: 32,
    headers: { 'cache-control': 'no-cache' },
    per: 'request',
  },
  // the same for a caller of another dialect than the provider's
  {
    name: 'Sluice, live, translated',
    peer: 'sluice',
    body: 'whole',
    translated: true,
    connections: 32,
    headers: { 'cache-control': 'no-store', 'x-sluice-cache-namespace': 'empty' },
    per: 'request',
  },
  { name: 'Sluice, cache hit', peer: 'sluice', body: 'whole', connections: 32, headers: {}, per: 'request' },
  { name: 'bare, streamed event', peer: 'bare', body: 'stream', connections: 50, headers: {}, per: 'event' },
  {
    name: 'Sluice, streamed event',
    peer: 'sluice',
    body: 'stream',
    connections: 50,
    headers: { 'cache-control': 'no-store' },
    per: 'event',
  },
  {
    name: 'Sluice, streamed event, translated',
    peer: 'sluice',
    body: 'stream',
    translated: true,
    connections: 50,
    headers: { 'cache-control': 'no-store' },
    per: 'event',
  },
];

interface Measured extends LoadResult {
  /** CPU time of the process for one unit, in microseconds. */
  readonly cpu: number;
}

const prompt = 'The quick brown fox jumps over the lazy dog. '.repeat(42);
const bodyOf = (kind: Scenario['body'], translated: boolean): string => {
  const model = kind === 'stream' ? 'mock-d5' : 'mock';
  const stream = kind === 'stream' ? { stream: true } : {};
  const system = 'You are helpful.';
  const user = { role: 'user', content: prompt };
  if (translated) return JSON.stringify({ model, max_tokens: 1_000, system, messages: [user], ...stream });
  const options = kind === 'stream' ? { stream_options: { include_usage: true } } : {};
  return JSON.stringify({ model, messages: [{ role: 'system', content: system }, user], ...stream, ...options });
};

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const rig = await startRig();
  ensureRedisServer();
  const redis = await startRedisServer();
  if (rig.pinning) execFileSync('taskset', ['-a', '-p', '-c', '0', String(redis.process.pid)], { stdio: 'ignore' });

  const price = '{ input: 1, output: 2 }';
  writeFileSync(
    join(folder, 'sluice.yaml'),
    `providers: { up: { baseUrl: "http://127.0.0.1:${rig.upstreamPort}/v1", apiKey: sk-of-the-provider } }
models:
  mock: { strategy: balanced, targets: [{ provider: up, model: mock, price: ${price} }, { provider: up, model: mock-b, price: ${price} }] }
  mock-d5: { targets: [{ provider: up, model: mock-d5, price: ${price} }] }
keys: [{ name: bench, secret: sk-bench-0001, limits: { requests: 100000000/min, concurrent: 10000 } }]
cache: { exact: { ttl: 1h } }
redis: { timeout: 1s }
`,
  );
  const gateway = await startNode(
    join(ROOT, 'services/gateway/dist/main.js'),
    { PORT: '0', ADMIN_PORT: '0', NODE_ENV: 'production', SLUICE_CONFIG: join(folder, 'sluice.yaml'), REDIS_URL: redis.url },
    MEASURED_CPU,
    rig.pinning,
  );
  const bare = await startNode(
    join(ROOT, 'test/bench/bare-pass-through.ts'),
    { NODE_ENV: 'production', UPSTREAM: `http://127.0.0.1:${rig.upstreamPort}` },
    MEASURED_CPU,
    rig.pinning,
  );
  const peers = { bare, sluice: gateway };
  const fileOf = (kind: Scenario['body'], translated = false): string =>
    join(folder, `${kind}${translated ? '-translated' : ''}.json`);
  for (const kind of ['whole', 'stream'] as const) {
    for (const translated of [false, true]) writeFileSync(fileOf(kind, translated), bodyOf(kind, translated));
  }

  const best = new Map<string, Measured>();
  try {
    for (let round = 0; round <= ROUNDS; round++) {
      for (const { name, peer, body, translated, connections, headers, per } of SCENARIOS) {
        const { child, port } = peers[peer];
        const before = cpuMicros(child.pid as number);
        // code that is not compiled yet costs several times as much
        const seconds = round === 0 ? WARM_UP_SECONDS : SECONDS;
        const path = translated === true ? '/v1/messages' : '/v1/chat/completions';
        const result = await rig.load({ port, path, connections, seconds, bodyFile: fileOf(body, translated), headers });
        const after = cpuMicros(child.pid as number);
        if (result.failed > result.answered / 1_000) throw new Error(`${name}: ${result.failed} of ${result.answered} failed`);
        // the first round only warms up
        if (round === 0) continue;
        const units = result.answered * (per === 'event' ? EVENTS : 1);
        const cpu = before === undefined || after === undefined ? Number.NaN : (after - before) / units;
        process.stderr.write(`bench: round ${round}: ${name}: ${cpu.toFixed(1)} µs CPU, ${result.perSecond.toFixed(0)}/s\n`);
        const known = best.get(name);
        if (known === undefined || cpu < known.cpu || Number.isNaN(cpu)) best.set(name, { ...result, cpu });
      }
    }
  } finally {
    for (const { child } of [gateway, bare]) child.kill('SIGKILL');
    rig.upstream.kill('SIGKILL');
    await redis.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  const text = `${report(best, rig.name, rig.pinning)}\n\n${translationReport(measureTranslation())}`;
  process.stdout.write(`${text}\n`);
  if (process.argv.includes('--write')) writeInto(DOCUMENT, text);
}

function report(best: ReadonlyMap<string, Measured>, generator: string, pinning: boolean): string {
  const rows = SCENARIOS.map(({ name, per, peer }) => {
    const one = best.get(name) as Measured;
    const base = best.get(per === 'event' ? 'bare, streamed event' : 'bare, live') as Measured;
    const ratio = (part: number, whole: number): string => (peer === 'bare' ? '1' : (part / whole).toFixed(2));
    const cells = [
      name,
      `${one.cpu.toFixed(per === 'event' ? 1 : 0)} µs`,
      ratio(one.cpu, base.cpu),
      one.perSecond.toFixed(0),
      ratio(one.perSecond, base.perSecond),
      `${(one.p50Micros / 1_000).toFixed(2)} ms`,
      `${(one.p99Micros / 1_000).toFixed(2)} ms`,
    ];
    return `| ${cells.join(' | ')} |`;
  });
  const [cpu] = cpus();
  const place = pinning
    ? 'the measured process on one CPU, everything else (generator, upstream, Redis) on another'
    : 'nothing pinned to a CPU: compare with care';
  return [
    `${new Date().toISOString().slice(0, 10)}, \`npm run bench\`${quick ? ' (quick)' : ''}: Node.js ${process.version}, ${cpus().length} × ${cpu?.model ?? 'unknown CPU'}, ` +
      `${Math.round(totalmem() / 2 ** 30)} GiB; ${generator}; ${place}; best of ${ROUNDS} interleaved runs of ${SECONDS} s.`,
    '',
    '| what | CPU each | × bare | requests/s | × bare | p50 | p99 |',
    '|---|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

function writeInto(file: string, text: string): void {
  const [begin, end] = ['<!-- measured -->', '<!-- /measured -->'];
  const document = readFileSync(file, 'utf8');
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from === -1 || to === -1) throw new Error(`${file} has no place for the table (${begin} … ${end})`);
  writeFileSync(file, `${document.slice(0, from + begin.length)}\n${text}\n${document.slice(to)}`);
}

await main();
process.exit(0);
