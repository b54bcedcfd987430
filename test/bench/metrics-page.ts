import type { Bench } from './bench.ts';
import type { Results } from './goals.ts';
import { startGateway } from './peers.ts';
import { configuration } from './workload.ts';

const MODELS = 50;
const PROVIDERS = 10;
const READS = 20;

/** Measures size and latency of the metrics page after calls of all 50 models at 10 providers. */
export async function measureMetricsPage({ rig, redis, folder }: Bench): Promise<Results> {
  const provider = (n: number): string =>
    `  p${n}: { baseUrl: "http://127.0.0.1:${rig.upstreamPort}/v1", apiKey: sk-of-provider-${n} }\n`;
  const model = (n: number): string =>
    `  m${n}: { targets: [{ provider: p${n % PROVIDERS}, model: mock, price: { input: 1, output: 2 } }] }\n`;
  const list = (count: number, line: (n: number) => string): string => Array.from({ length: count }, (_, n) => line(n)).join('');
  const config = configuration(rig.upstreamPort, { models: list(MODELS, model), providers: list(PROVIDERS, provider) });
  const gateway = await startGateway(rig, { config, redisUrl: redis.url, folder });
  try {
    for (let n = 0; n < MODELS; n++) {
      for (const stream of [false, true]) {
        const response = await fetch(`http://127.0.0.1:${gateway.port}/v1/chat/completions`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization: 'Bearer sk-bench-0001' },
          body: JSON.stringify({ model: `m${n}`, messages: [{ role: 'user', content: `Hello ${n}` }], stream }),
        });
        if (response.status !== 200) throw new Error(`model m${n} was answered with ${response.status}`);
        await response.arrayBuffer();
      }
    }
    const times: number[] = [];
    let page = '';
    for (let n = 0; n < READS; n++) {
      const began = performance.now();
      page = await (await fetch(`http://127.0.0.1:${gateway.adminPort}/metrics`)).text();
      times.push(performance.now() - began);
    }
    return { metricsTime: Math.min(...times), metricsLines: page.split('\n').length };
  } finally {
    gateway.child.kill('SIGKILL');
  }
}
