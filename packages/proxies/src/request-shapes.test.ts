import { beforeAll, describe, expect, it } from '@jest/globals';
import type { DialectName, LlmCall } from '@sluice/core';
import { propertyRuns } from '@sluice/core/testing';
import { DIALECTS, loadOpenAiTokenizer, OpenAiRequest, openAiCall, wellFormed } from '@sluice/dialects';
import fc from 'fast-check';
import { estimateCall } from './call-estimate.ts';
import type { Model } from './routing/model.ts';

const BYTES = 10 * 1024 * 1024;
/** A turn of the event loop may take this many times as long as parsing and copying a plain body of the same size. */
const MOST = 4;
/** A slow turn is measured again, because a garbage collection may have interrupted it. */
const TRIES = 4;

/** Pieces of JSON strings: plain, escaped, wide, and JSON within a string. */
const TEXTS = [
  'a',
  'a b, ',
  ' ',
  '1.2-3/',
  '\\n',
  '\\\\',
  '\\"',
  '\\\\\\"',
  '\\u0061',
  '\\ud800',
  '\\ud83d\\ude00',
  '漢',
  '🚰',
  '[],',
  '{\\"a\\":1},',
];
/** Pieces of lists of values. */
const VALUES = [
  '1',
  '[]',
  '{}',
  '""',
  'null',
  '"\\n"',
  '{"a":1}',
  '1.2345678901234567e300',
  `${'['.repeat(55)}${']'.repeat(55)}`,
  '"abcdefghij"',
];

const repeated = (piece: string, bytes: number): string =>
  piece.repeat(Math.max(1, Math.floor(bytes / Buffer.byteLength(piece))));
const body = (messages: string, more = ''): string => `{"model":"m","max_tokens":5,${more}"messages":[${messages}]}`;
const QUESTION = '{"role":"user","content":"x"}';
const listOf = (count: number, bytes: number, one: (text: string, n: number) => string, piece: string): string => {
  const text = repeated(piece, Math.max(1, bytes / count - one('', count).length - 1));
  return Array.from({ length: count }, (_, n) => one(text, n)).join(',');
};
const calls = (piece: string, count: number): string =>
  listOf(
    count,
    BYTES,
    (text, n) => `{"id":"c${n}","type":"function","function":{"name":"f","arguments":"{\\"a\\":[${text}1]}"}}`,
    piece,
  );

/** Bodies made of a repeated text, in a given number of parts. */
const OF_TEXT: Readonly<Record<string, (piece: string, count: number) => string>> = {
  messages: (piece, count) => body(listOf(count, BYTES, (text) => `{"role":"user","content":"${text}"}`, piece)),
  parts: (piece, count) =>
    body(`{"role":"user","content":[${listOf(count, BYTES, (text) => `{"type":"text","text":"${text}"}`, piece)}]}`),
  tools: (piece, count) =>
    body(
      QUESTION,
      `"tools":[${listOf(count, BYTES, (text, n) => `{"type":"function","function":{"name":"f${n}","description":"${text}"}}`, piece)}],`,
    ),
  enum: (piece, count) =>
    body(
      QUESTION,
      `"tools":[{"type":"function","function":{"name":"f","parameters":{"enum":[${listOf(count, BYTES, (text, n) => `"${n}${text}"`, piece)}]}}}],`,
    ),
  'arguments of calls': (piece, count) => body(`{"role":"assistant","content":null,"tool_calls":[${calls(piece, count)}]}`),
  'results of calls': (piece, count) =>
    body(
      `{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},` +
        listOf(count, BYTES, (text) => `{"role":"tool","tool_call_id":"c","content":"{\\"a\\":[${text}1]}"}`, piece),
    ),
  fields: (piece, count) => body(QUESTION, `${listOf(count, BYTES, (text, n) => `"k${n}":"${text}"`, piece)},`),
  names: (piece, count) => body(QUESTION, `"x":{${listOf(count, BYTES, (text, n) => `"${n}${text}":1`, piece)}},`),
  images: (_piece, count) =>
    body(
      `{"role":"user","content":[${listOf(count, BYTES, (text) => `{"type":"image_url","image_url":{"url":"data:image/png;base64,${text}"}}`, 'iVBORw0K')}]}`,
    ),
};

/** Bodies made of a value, repeated a given number of times. */
const OF_VALUES: Readonly<Record<string, (value: string, count: number) => string>> = {
  'a field': (value, count) => body(QUESTION, `"x":[${Array(count).fill(value).join(',')}],`),
  'a schema': (value, count) =>
    body(
      QUESTION,
      `"tools":[{"type":"function","function":{"name":"f","parameters":{"enum":[${Array(count).fill(value).join(',')}]}}}],`,
    ),
  'the body': (value, count) => `[${Array(count).fill(value).join(',')}]`,
  space: (_value, count) => body(QUESTION, ' \n'.repeat(count * 4)),
};

const counts = fc.constantFrom<number[]>(1, 30, 900, 8_000, 16_000, 45_000, 200_000);
const ofText = fc.record({ kind: fc.constantFrom(...Object.keys(OF_TEXT)), piece: fc.constantFrom(...TEXTS), count: counts });
const ofValues = fc.record({
  kind: fc.constantFrom(...Object.keys(OF_VALUES)),
  piece: fc.constantFrom(...VALUES),
  count: fc.constantFrom<number[]>(16_000, 49_000, 310_000, 1_000_000),
});
const shape = fc.record({
  of: fc.oneof({ weight: 2, arbitrary: ofText }, ofValues),
  to: fc.constantFrom<DialectName>('openai-chat', 'openai-responses', 'anthropic-messages', 'gemini', 'bedrock-converse'),
  tokenizer: fc.constantFrom(undefined, 'openai' as const),
});
type Shape = typeof shape extends fc.Arbitrary<infer T> ? T : never;

function bytesOf({ of: { kind, piece, count } }: Shape): Buffer {
  const make = OF_TEXT[kind] ?? OF_VALUES[kind];
  return Buffer.from(make?.(piece, Math.min(count, Math.floor(BYTES / piece.length))) ?? '').subarray(0, BYTES + 1_024);
}

/** Returns the CPU time of this thread, in ms, so that other processes of the machine do not count. */
function cpuMsOf(work: () => void): number {
  const before = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1_000;
}

/** Runs work that may be refused as an invalid request. */
function unlessRefused(work: () => void): void {
  try {
    work();
  } catch (error) {
    if ((error as { code?: string }).code !== 'invalid_request') throw error;
  }
}

function modelOf(tokenizer: 'openai' | undefined): Model {
  const service = { complete: () => Promise.reject(new Error('not called')) };
  const target = { name: 'p/m', provider: 'p', model: 'm', weight: 1, price: { input: 1, output: 1 }, service };
  return { name: 'm', strategy: 'priority', targets: [tokenizer === undefined ? target : { ...target, tokenizer }] };
}

/** Returns the turns of the event loop for a large request: the parse, the estimate, and the translation. */
function turnsOf({ to, tokenizer }: Shape, bytes: Buffer): [name: string, work: () => void][] {
  const call: LlmCall = { ...openAiCall({ model: 'm', messages: [] }), message: new OpenAiRequest('chat', bytes) };
  return [
    ['parse', () => call.message.view()],
    ['estimate', () => estimateCall(call, modelOf(tokenizer))],
    [
      'translation',
      () => {
        if (to === 'openai-chat') return void call.message.forUpstream({ model: 'other', streamUsage: true });
        const request = DIALECTS['openai-chat'].readRequest(call.message.json());
        Buffer.from(JSON.stringify(wellFormed(DIALECTS[to].writeRequest(request, 'm', false).body)));
      },
    ],
  ];
}

const plain = Buffer.from(body(`{"role":"user","content":"${'a'.repeat(BYTES)}"}`));
const control = (): void => void Buffer.from(JSON.stringify(JSON.parse(plain.toString())));

/** Returns the CPU time of each turn as a multiple of the control's: the minimum of a few measurements. */
function costsOf(one: Shape): Map<string, number> {
  const bytes = bytesOf(one);
  const least = new Map<string, number>();
  for (let n = 0; n < TRIES; n++) {
    const unit = cpuMsOf(control);
    for (const [name, work] of turnsOf(one, bytes)) {
      const cost = cpuMsOf(() => unlessRefused(work)) / unit;
      least.set(name, Math.min(cost, least.get(name) ?? Number.POSITIVE_INFINITY));
    }
    if (Math.max(...least.values()) < MOST / 2) break;
  }
  return least;
}

describe('request of 10 MiB', () => {
  beforeAll(loadOpenAiTokenizer);

  const hostile: Shape[] = [
    { of: { kind: 'tools', piece: 'a', count: 150_000 }, to: 'anthropic-messages', tokenizer: 'openai' },
    { of: { kind: 'messages', piece: 'a', count: 200_000 }, to: 'gemini', tokenizer: 'openai' },
    { of: { kind: 'fields', piece: 'a', count: 1_000_000 }, to: 'openai-chat', tokenizer: undefined },
    { of: { kind: 'a field', piece: '[]', count: 3_000_000 }, to: 'openai-chat', tokenizer: undefined },
    {
      of: { kind: 'a field', piece: `${'['.repeat(55)}${']'.repeat(55)}`, count: 90_000 },
      to: 'openai-chat',
      tokenizer: undefined,
    },
    { of: { kind: 'the body', piece: '[]', count: 3_000_000 }, to: 'openai-chat', tokenizer: undefined },
    { of: { kind: 'arguments of calls', piece: '[],', count: 1 }, to: 'bedrock-converse', tokenizer: undefined },
    { of: { kind: 'arguments of calls', piece: '[],', count: 200 }, to: 'anthropic-messages', tokenizer: undefined },
    { of: { kind: 'results of calls', piece: '[],', count: 1 }, to: 'gemini', tokenizer: undefined },
    { of: { kind: 'messages', piece: '\\\\', count: 1 }, to: 'anthropic-messages', tokenizer: 'openai' },
    { of: { kind: 'messages', piece: '\\ud800', count: 1 }, to: 'anthropic-messages', tokenizer: 'openai' },
    { of: { kind: 'messages', piece: '\\ud83d\\ude00', count: 16_000 }, to: 'gemini', tokenizer: 'openai' },
    { of: { kind: 'results of calls', piece: '\\ud83d\\ude00', count: 8_000 }, to: 'gemini', tokenizer: 'openai' },
    { of: { kind: 'arguments of calls', piece: '\\"', count: 1 }, to: 'bedrock-converse', tokenizer: undefined },
  ];
  it.each(hostile)('takes no longer per event loop turn than plain text for the shape %j', (one) => {
    for (const [turn, cost] of costsOf(one)) expect([turn, cost < MOST ? '' : cost]).toEqual([turn, '']);
  });

  it('takes no event loop turn much longer than plain text for random shapes', () => {
    fc.assert(
      fc.property(shape, (one) => {
        for (const [turn, cost] of costsOf(one)) expect([turn, cost < MOST ? '' : cost]).toEqual([turn, '']);
      }),
      { numRuns: propertyRuns(40), endOnFailure: true },
    );
  }, 120_000);
});
