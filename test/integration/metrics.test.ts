import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ask, chat } from '../support/ask.ts';
import { parseExposition, type Series } from '../support/exposition.ts';
import type { GatewayProcess } from '../support/gateway-process.ts';
import { type Replicas, startGateway } from '../support/start-gateway.ts';

const KEY = 'secret-of-the-metrics';
const hasPromtool = spawnSync('promtool', ['--version']).status === 0;

describe('the metrics', () => {
  let replicas: Replicas;
  let gateway: GatewayProcess;
  let text: string;
  let series: Series;

  beforeAll(async () => {
    replicas = await startGateway({
      replicas: 1,
      config: (baseUrl) => ({
        providers: { up: { baseUrl } },
        models: { priced: { targets: [{ provider: 'up', model: 'of-priced', price: { input: 1, output: 2 } }] } },
        keys: [
          { name: 'metrics', secret: KEY, limits: { requests: '4/h' } },
          { name: 'free', secret: `${KEY}-free` },
        ],
        cache: { exact: { ttl: '1h' } },
      }),
    });
    gateway = replicas.gateways[0] as GatewayProcess;
    const free = { key: `${KEY}-free` };
    // in sequence, so that the second call finds the stored response of the first
    await ask(gateway.url, chat('priced', 'abc'), free);
    await ask(gateway.url, chat('priced', 'abc'), free);
    await ask(gateway.url, chat('priced', 'stream', { stream: true }), free);
    await ask(gateway.url, chat('up/made-up-by-a-client', 'x'), free);
    await ask(gateway.url, chat('up/x+status=503', 'x'), free);
    await ask(gateway.url, chat('nowhere-"\\', 'x'), free);
    await ask(gateway.url, chat('priced', 'x'), { key: 'wrong' });
    await ask(gateway.url, chat('priced', 'x'));
    for (let n = 0; n < 6; n++) await ask(gateway.url, chat('priced', `limited ${n}`), { key: KEY });
    const response = await fetch(`${gateway.adminUrl}/metrics`);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    text = await response.text();
    series = parseExposition(text);
  });
  afterAll(() => replicas.stop());

  it('has the documented names, types and labels', () => {
    const contract: readonly (readonly [string, string, readonly string[]])[] = [
      ['sluice_requests_total', 'counter', ['route', 'model', 'provider', 'status', 'cache']],
      ['sluice_upstream_attempts_total', 'counter', ['provider', 'outcome']],
      ['sluice_tokens_total', 'counter', ['provider', 'model', 'type']],
      ['sluice_cost_usd_total', 'counter', ['provider', 'model']],
      ['sluice_saved_usd_total', 'counter', ['provider', 'model', 'kind']],
      ['sluice_cache_lookups_total', 'counter', ['kind', 'result']],
      ['sluice_auth_failures_total', 'counter', ['reason']],
      ['sluice_rate_limited_total', 'counter', ['meter']],
      ['sluice_audit_dropped_total', 'counter', []],
      ['sluice_request_duration_seconds', 'histogram', ['route', 'cache']],
      ['sluice_upstream_duration_seconds', 'histogram', ['provider']],
      ['sluice_time_to_first_token_seconds', 'histogram', ['provider']],
      ['sluice_overhead_seconds', 'histogram', ['cache']],
      ['sluice_redis_duration_seconds', 'histogram', ['operation']],
      ['sluice_in_flight_requests', 'gauge', []],
      ['sluice_redis_up', 'gauge', []],
      ['sluice_degraded', 'gauge', ['concern']],
      ['sluice_circuit_state', 'gauge', ['target']],
      ['sluice_build_info', 'gauge', ['version', 'node']],
    ];
    for (const [name, type, labels] of contract) {
      expect([name, series.type(name)]).toEqual([name, type]);
      const samples = series.samples(type === 'histogram' ? `${name}_count` : name);
      expect(samples.length).toBeGreaterThan(0);
      for (const sample of samples) expect(Object.keys(sample.labels).sort()).toEqual([...labels].sort());
    }
  });

  it('counts requests, attempts, tokens, cost and cache look-ups', () => {
    const route = 'POST /v1/chat/completions';
    const requests = (labels: object) => series.sum('sluice_requests_total', { route, ...labels });
    expect(requests({ model: 'priced', status: '200', cache: 'hit' })).toBe(1);
    expect(requests({ model: 'priced', status: '200', cache: 'miss' })).toBe(6);
    expect(requests({ model: 'priced', status: '429' })).toBe(2);
    expect(requests({ status: '401' })).toBe(2);
    expect(requests({ status: '404', model: 'other' })).toBe(1);
    expect(requests({ status: '502', provider: 'up' })).toBe(1);
    expect(series.sum('sluice_upstream_attempts_total', { provider: 'up', outcome: 'ok' })).toBe(7);
    // the failed call was retried twice
    expect(series.sum('sluice_upstream_attempts_total', { provider: 'up', outcome: 'error' })).toBe(3);
    expect(series.sum('sluice_retries_total', { provider: 'up' })).toBe(2);
    expect(series.sum('sluice_circuit_state', {})).toBe(0);
    expect(series.sum('sluice_cache_lookups_total', { kind: 'exact', result: 'hit' })).toBe(1);
    expect(series.sum('sluice_auth_failures_total', { reason: 'unknown' })).toBe(1);
    expect(series.sum('sluice_auth_failures_total', { reason: 'missing' })).toBe(1);
    expect(series.sum('sluice_rate_limited_total', { meter: 'requests' })).toBe(2);
    expect(series.sum('sluice_time_to_first_token_seconds_count', { provider: 'up' })).toBe(1);
    expect(series.sum('sluice_in_flight_requests', {})).toBe(0);
    expect(series.sum('sluice_redis_up', {})).toBe(1);
    const spent = (3 + 2 * 24) / 1_000_000;
    expect(series.sum('sluice_saved_usd_total', {})).toBeCloseTo(spent, 9);
    expect(series.sum('sluice_cost_usd_total', { model: 'of-priced' })).toBeGreaterThan(spent);
    expect(series.sum('sluice_tokens_total', { type: 'input', model: 'of-priced' })).toBe(3 + 6 + 4 * 'limited 0'.length);
  });

  it('exposes no label value that a client made up, and no key', () => {
    for (const made of ['made-up-by-a-client', 'nowhere', KEY]) {
      const models = series.samples('sluice_requests_total').map((sample) => sample.labels['model']);
      expect(models).not.toContain(made);
      expect(text).not.toContain(`model="${made}`);
    }
    expect(text).not.toContain(KEY);
  });

  // the test's own parser has checked the format already; promtool is the reference, and the container test runs it in
  // Prometheus' own image
  if (hasPromtool) {
    it("passes promtool's check of the metrics", () => {
      const { stdout, stderr, status } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
      expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
    });
  } else {
    process.stderr.write("test: no promtool on the path; the metrics are checked by the test's own parser\n");
  }
});
