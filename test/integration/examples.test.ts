import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';

const FOLDER = fileURLToPath(new URL('../../docs/examples/', import.meta.url));
const run = promisify(execFile);

/** Expected lines of each example: the numbers of the pattern's notebook. */
const FIGURES: Readonly<Record<string, readonly string[]>> = {
  'plain-service': ['3 calls, 0.049 USD'],
  'caching-proxy': ['3 upstream calls, hit rate 50 %', '0.018 USD spent, 0.018 USD saved'],
  'secure-proxy': [
    'intruder: 401 invalid_api_key',
    ...Array(5).fill('user123: answered'),
    'user123: 429 rate_limit_exceeded',
    '7 audit records:',
  ],
  'load-balancer': [
    'cost: google',
    'speed: anthropic',
    'openai: 33 % of calls',
    'anthropic: 33 % of calls',
    'google: 33 % of calls',
  ],
  'own-proxy': ["403: The model 'gemini-2.5-flash' is not on the list.", 'gpt-4o-mini: answered × 2'],
  'enterprise-proxy': ['user123: google, hit, 3 left, 0 USD', 'team456: google, miss, 4 left, 0.0096 USD', '8 audit records'],
  dashboard: [
    '"cacheHitRate": 0.5,',
    '"authenticationFailures": 1,',
    '"costUsd": 0.0108,',
    '"costSavedUsd": 0.0108,',
    '"status": "healthy"',
  ],
};

/** Returns the text of the code block after the example's command in a document. */
function shownIn(document: string, name: string): string | undefined {
  const text = readFileSync(fileURLToPath(new URL(`../../${document}`, import.meta.url)), 'utf8');
  return text.split(`npm run example -- ${name}\n`)[1]?.split('```')[0];
}

describe('the examples', () => {
  const names = readdirSync(FOLDER)
    .filter((file) => file.endsWith('.ts') && file !== 'simulated-providers.ts')
    .map((file) => file.slice(0, -3));

  it("matches the examples of the pattern's notebook", () => {
    expect(names.sort()).toEqual(Object.keys(FIGURES).sort());
  });

  it.each(names)("prints the notebook's numbers and the output of its page: example %s", async (name) => {
    const { stdout } = await run(process.execPath, [`${FOLDER}${name}.ts`], { env: { PATH: process.env['PATH'] } });
    const lines = stdout.split('\n').map((line) => line.trim());
    for (const figure of FIGURES[name] ?? []) {
      expect(lines).toContain(figure);
      lines.splice(lines.indexOf(figure), 1);
    }
    expect(shownIn('docs/examples/README.md', name)).toBe(stdout);
  });
});
