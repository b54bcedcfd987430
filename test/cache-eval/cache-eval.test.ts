import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Gateway } from '@sluice/gateway';
import { installOpenPairs } from '@sluice/near-match/testing';
import { freePort } from '../support/free-port.ts';
import { type ScriptedUpstream, startScriptedUpstream, whole } from '../support/scripted-upstream.ts';
import { startGateway } from '../support/start-gateway.ts';
import { type Evaluation, evaluate, type RuleResult } from './evaluate.ts';
import { proportionOf } from './proportion.ts';
import { run } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-cache-eval-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
function fileOf(...lines: string[]): string {
  const file = join(folder, `pairs-${files++}.jsonl`);
  writeFileSync(file, lines.join('\n'));
  return file;
}
const pair = (a: string, b: string, same: boolean): string => JSON.stringify({ a, b, same });

const PAIRS = [
  pair('What is the capital of France?', 'hi, whats the capital of france', true),
  pair('What does delivery cost?', 'What is the price of delivery?', true),
  '',
  pair('How do I open an account?', 'How do I close an account?', false),
  pair('Who may see my posts?', 'How do I hide what I publish?', false),
];

const ruleOf = ({ rules }: Evaluation, rule: string, threshold?: number): RuleResult =>
  rules.find((one) => one.rule === rule && one.threshold === threshold) as RuleResult;

describe('proportionOf', () => {
  // by bisection of binomial sums in exact fractions
  it.each([
    [0, 200, 0, 0.01828, 0.01487],
    [62, 201, 0.24538, 0.37729, 0.36642],
    [18, 200, 0.05421, 0.13851, 0.13054],
    [10, 10, 0.6915, 1, 1],
    [0, 0, 0, 1, 1],
  ])('returns the limits of Clopper and Pearson for %i of %i', (count, of, low, high, atMost) => {
    const found = proportionOf(count, of);
    expect(found.low).toBeCloseTo(low, 4);
    expect(found.high).toBeCloseTo(high, 4);
    expect(found.atMost).toBeCloseTo(atMost, 4);
  });
});

describe('cache-eval', () => {
  it('reports which pairs near and the guards would serve', async () => {
    const found = JSON.parse(await run(['--pairs', fileOf(...PAIRS), '--json'])) as Evaluation;
    expect(found.pairs).toEqual({ same: 2, different: 2 });
    expect(found.vetoes).toEqual([{ reason: 'opposite', same: 0, different: 1 }]);
    expect(found.rules.map(({ rule }) => rule)).toEqual(['near', 'guards']);
    expect(ruleOf(found, 'near')).toMatchObject({ hits: { count: 1, of: 2 }, errors: { count: 0, of: 2 }, wrongLines: [] });
    const guards = ruleOf(found, 'guards');
    expect(guards).toMatchObject({ hits: { count: 2 }, errors: { count: 1 }, wrongOfServed: { count: 1, of: 3 } });
    // the empty line counts
    expect(guards.wrongLines).toEqual([5]);
  });

  it('prints a table with intervals', async () => {
    const text = await run(['--pairs', fileOf(...PAIRS)]);
    expect(text).toMatch(/^near +1 of 2 +50.0 % +1.3 % to 98.7 % +0 of 2 +0.0 % +0.0 % to 84.2 % +77.6 %$/m);
    expect(text).toMatch(/^errors of guards, any similarity: lines 5$/m);
  });

  it('has no rates without pairs of a kind', async () => {
    expect(await run(['--pairs', fileOf(pair('a b', 'c d', true))])).toMatch(/^near .* 0 of 0 +- +0.0 % to 100.0 % +100.0 %$/m);
  });

  it.each<[string, string, RegExp]>([
    ['text', 'What?', /line 2: this is not JSON/],
    ['a list', '[]', /line 2: this is not a JSON object/],
    [
      'another spelling of a field',
      '{"a": "x", "b": "y", "same_answer": true}',
      /line 2: "same" .* \(fields: a, b, same_answer\)/,
    ],
    ['a label as text', '{"a": "x", "b": "y", "same": "true"}', /line 2: "same" must be true or false/],
    ['a number as a question', '{"a": 1, "b": "y", "same": true}', /line 2: "a" must be a text/],
    ['an empty question', '{"a": "x", "b": "", "same": true}', /line 2: "b" must be a text/],
  ])('refuses a line with %s', async (_what, line, expected) => {
    await expect(run(['--pairs', fileOf(pair('a', 'b', true), line)])).rejects.toThrow(expected);
  });

  it.each<[string, string[], RegExp]>([
    ['no file', [], /--pairs is missing/],
    ['a missing file', ['--pairs', join(folder, 'none')], /The file .*none does not exist/],
    ['an empty file', ['--pairs', fileOf('')], /has no pairs/],
    ['a folder', ['--pairs', folder], /cannot be read/],
    ['an unknown option', ['--pair', 'x'], /Unknown option '--pair'/],
    ['a gateway without a model', ['--pairs', 'x', '--gateway', 'http://x', '--key', 'k'], /require --gateway, --key and/],
    ['no address', ['--pairs', 'x', '--gateway', 'here', '--key', 'k', '--embeddings', 'm'], /must be an address/],
    [
      'a wrong number of dimensions',
      ['--pairs', 'x', '--gateway', 'http://x', '--key', 'k', '--embeddings', 'm', '--dimensions', 'few'],
      /--dimensions must be a whole number/,
    ],
  ])('refuses %s', async (_what, options, expected) => {
    await expect(run(options)).rejects.toThrow(expected);
  });
});

describe('cache-eval with vectors of a gateway', () => {
  let provider: ScriptedUpstream;
  let gateway: Gateway;
  beforeAll(async () => {
    provider = await startScriptedUpstream();
    provider.answer((response, { body }) => {
      const { input } = JSON.parse(body) as { input: string[] };
      // questions about an account are alike, and all others are not
      const data = input.map((text, index) => ({ index, embedding: text.includes('account') ? [1, 0.1 * index] : [index, 1] }));
      whole(JSON.stringify({ object: 'list', data: data.reverse(), usage: { prompt_tokens: 1, total_tokens: 1 } }))(response);
    });
    gateway = await startGateway({
      config: {
        providers: { up: { baseUrl: provider.baseUrl } },
        models: { small: { targets: [{ provider: 'up', model: 'small' }] } },
        keys: [{ name: 'k', secret: 'key-of-the-test' }],
      },
    });
  });
  afterAll(async () => {
    await gateway.close(0, 0);
    await provider.close();
  });
  const asked = (changes: Record<string, string> = {}) => {
    const options = { pairs: fileOf(...PAIRS), gateway: gateway.url, key: 'key-of-the-test', embeddings: 'small', ...changes };
    return run([...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]), '--json']);
  };

  it('reports each threshold with and without the guards', async () => {
    const found = JSON.parse(await asked()) as Evaluation;
    expect(ruleOf(found, 'similarity', 0.8)).toMatchObject({ errors: { count: 2 } });
    expect(ruleOf(found, 'semantic', 0.8)).toMatchObject({ errors: { count: 1 }, wrongLines: [5] });
  });

  it.each<[string, Record<string, string>, RegExp]>([
    ['does not accept the key', { key: 'another' }, /does not accept the key \(401\). Change --key/],
    ['does not have the model', { embeddings: 'none' }, /responded with 404 to a call for vectors of none/],
  ])('reports a gateway that %s', async (_what, changes, expected) => {
    await expect(asked(changes)).rejects.toThrow(expected);
  });

  it('reports an unreachable gateway', async () => {
    const port = await freePort();
    await expect(asked({ gateway: `http://127.0.0.1:${port}/v1` })).rejects.toThrow(/is unreachable \(ECONNREFUSED\)/);
  });
});

const installed = installOpenPairs();
const withPyPi = 'pairs' in installed ? it : it.skip;
if ('unavailable' in installed) console.warn(`SKIPPED: the open pairs of fow-cache are not evaluated: ${installed.unavailable}`);

describe('cache-eval of the open pairs of fow-cache 0.1.0', () => {
  withPyPi('reports no error of near, and at least 28 % of hits', () => {
    const all = 'pairs' in installed ? installed.pairs : [];
    const found = evaluate(
      all.map(({ a, b, same_answer: same }, n) => ({ a, b, same, line: n + 1 })),
      undefined,
    );
    const { hits, errors } = ruleOf(found, 'near');
    expect(errors).toMatchObject({ count: 0, of: 200 });
    expect(errors.atMost).toBeCloseTo(0.0149, 4);
    expect(hits.of).toBe(201);
    expect(hits.share).toBeGreaterThanOrEqual(0.28);
    expect(ruleOf(found, 'guards').errors.share).toBeLessThan(0.1);
  });
});
