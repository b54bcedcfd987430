import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const SENTENCE = 'The quick brown fox jumps over the lazy dog. ';
const PRICE = '{ input: 1, output: 2 }';

/** The key that the generator sends. */
const SECRET = 'sk-bench-0001';

/** Headers that look up the cache and always miss, because nothing is stored. */
export const LIVE = { 'cache-control': 'no-store', 'x-sluice-cache-namespace': 'empty' };

export interface Configured {
  /** Secret of the only configured key. */
  readonly secret?: string;
  /** Maximum number of requests per minute. */
  readonly requests?: number;
  /** Without it the key has no limits and no budget. */
  readonly limits?: boolean;
  readonly cache?: boolean;
  /** Whether a question is served by the answer to another wording. */
  readonly near?: boolean;
  /** Number of further keys with the same limits (`secretOf`). */
  readonly furtherKeys?: number;
  /** Further models and their providers, as lines of YAML. */
  readonly models?: string;
  readonly providers?: string;
}

/** Returns the secret of a further key. */
export const secretOf = (n: number): string => (n === 0 ? SECRET : `sk-bench-key-${n}`);

/**
 * Returns the gateway's configuration. It enables every feature that a call can use, with four meters, one of them for money.
 *
 * Load shedding is off: a generator that sends its next call at once keeps the event loop busy, and on a shared machine the
 * delay then passes the default threshold (500 ms). The deadline of Redis is high for the same reason.
 */
export function configuration(upstreamPort: number, configured: Configured = {}): string {
  const { secret = SECRET, requests = 100_000_000, models = '', providers = '' } = configured;
  const { limits = true, cache = true, near = false, furtherKeys = 0 } = configured;
  const limited = `    budget: 1000000 USD/day
    limits: { requests: ${requests}/min, tokens: 100000000000/min, concurrent: 10000 }
`;
  const key = (name: string, ofKey: string): string => `  - name: ${name}\n    secret: ${ofKey}\n${limits ? limited : ''}`;
  const further = Array.from({ length: furtherKeys }, (_, n) => key(`bench-key-${n + 1}`, secretOf(n + 1)));
  return `providers:
  up: { baseUrl: "http://127.0.0.1:${upstreamPort}/v1", apiKey: sk-of-the-provider }
${providers}models:
  mock: { strategy: balanced, targets: [{ provider: up, model: mock, price: ${PRICE} }, { provider: up, model: mock-b, price: ${PRICE} }] }
  mock-d5: { targets: [{ provider: up, model: mock-d5, price: ${PRICE} }] }
${models}keys:
${key(`bench-${requests}`, secret)}${further.join('')}${cache ? `cache: { exact: { ttl: 1h }${near ? ', near: { mode: serve }' : ''} }\n` : ''}redis: { timeout: 5s, cacheTimeout: 5s }
resilience: { overload: { lag: 60s, heap: 1 } }
`;
}

export type Body = 'whole' | 'stream' | 'long' | 'whole-translated' | 'stream-translated' | 'question' | 'other-wording';

/** A short question in two wordings. */
const QUESTION = 'How do I cancel my subscription?';
const OTHER_WORDING = 'hi, how can I cancel my subscription please';

/** Returns a caller's request of 2 KB or 50 KB, in OpenAI's dialect or (translated) in Anthropic's. */
function bodyOf(body: Body): object {
  const content = SENTENCE.repeat(body === 'long' ? 1_130 : 42);
  const system = 'You are helpful.';
  const user = { role: 'user', content };
  switch (body) {
    case 'whole':
    case 'long':
      return { model: 'mock', messages: [{ role: 'system', content: system }, user] };
    case 'stream':
      return {
        model: 'mock-d5',
        messages: [{ role: 'system', content: system }, user],
        stream: true,
        stream_options: { include_usage: true },
      };
    case 'question':
    case 'other-wording':
      return { model: 'mock', messages: [{ role: 'user', content: body === 'question' ? QUESTION : OTHER_WORDING }] };
    case 'whole-translated':
      return { model: 'mock', max_tokens: 1_000, system, messages: [user] };
    case 'stream-translated':
      return { model: 'mock-d5', max_tokens: 1_000, system, messages: [user], stream: true };
  }
}

/** Writes a body to the generator's file. Writes it once, because another generator may be reading it. */
export function bodyFile(folder: string, body: Body): string {
  const file = join(folder, `${body}.json`);
  if (!existsSync(file)) writeFileSync(file, JSON.stringify(bodyOf(body)));
  return file;
}

export const pathOf = (body: Body): string => (body.endsWith('translated') ? '/v1/messages' : '/v1/chat/completions');
