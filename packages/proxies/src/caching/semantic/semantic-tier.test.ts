import { describe, expect, it, jest } from '@jest/globals';
import { type CacheDirectives, type LlmCall, LlmError, type LlmReply, type LlmService } from '@sluice/core';
import { endedAttempt, ManualClock, waitFor } from '@sluice/core/testing';
import { openAiCall } from '@sluice/dialects';
import { MemoryCache, MemorySemanticCounts, MemorySemanticIndex } from '@sluice/store/memory';
import { cacheResult } from '../cache-result.ts';
import { caching } from '../caching.ts';
import { CANDIDATES_FOR_EDGES, edgesOf } from './bins.ts';
import { textJudge } from './judges.ts';
import type { SemanticOptions } from './semantic-options.ts';

/** Questions are `SUBJECT WORDING`; those of one subject have near vectors. The answer of a subject is its name. */
const subjectOf = (question: string): string => question.split(' ')[0] ?? '';

function vectorOf(question: string): number[] {
  const [subject = '', wording = '0'] = question.split(' ');
  const angle = Number(subject.slice(1)) * 0.1 + Number(wording) * 0.0001;
  return [Math.cos(angle), Math.sin(angle)];
}

interface OpenOptions extends Partial<SemanticOptions> {
  /** The answer to a question; by default its subject. */
  readonly answer?: (question: string) => string;
}

const OF = { scope: 't', namespace: '', model: 'm', embeddings: 'small/2' };

async function open({ answer = subjectOf, ...more }: OpenOptions = {}) {
  const clock = new ManualClock(1_700_000_000_000);
  const cache = new MemoryCache(clock);
  const [index, counts] = [new MemorySemanticIndex(clock), new MemorySemanticCounts()];
  let upstreamCalls = 0;
  const embedded: LlmCall[] = [];
  const complete = async (call: LlmCall): Promise<LlmReply> => {
    embedded.push(call);
    const { input } = call.message.json() as { input: string };
    const body = Buffer.from(JSON.stringify({ data: [{ embedding: vectorOf(input) }] }));
    return { status: 200, contentType: 'application/json', headers: {}, body };
  };
  const upstream: LlmService = {
    async complete(call) {
      upstreamCalls++;
      endedAttempt(call, { usage: { inputTokens: 2, outputTokens: 3 }, cost: 700 });
      const question = call.message.question?.()?.text ?? '';
      const choices = [{ message: { role: 'assistant', content: answer(question) }, finish_reason: 'stop' }];
      return { status: 200, contentType: 'application/json', headers: {}, body: Buffer.from(JSON.stringify({ choices })) };
    },
  };
  const metrics = {
    cacheLookups: { inc: jest.fn() },
    semanticLabels: { inc: jest.fn() },
    semanticVetoes: { inc: jest.fn() },
    semanticRevocations: { inc: jest.fn() },
  };
  const semantic: SemanticOptions = {
    ...{
      index,
      counts,
      embeddings: { model: 'small', dimensions: undefined },
      comparisonWith: (a: string) => (b: string) => ({ veto: subjectOf(a) === subjectOf(b) ? undefined : 'name' }),
    },
    ...{ judge: textJudge, maxErrors: 0.05, confidence: 0.95, explore: 0, ownLabels: 0, maxTurns: 0, maxTemperature: 0.7 },
    ...{ timeoutMs: 1_000, ttlMs: 3_600_000, complete, clock, metrics, random: () => 0.5 },
    ...more,
  };
  const service = caching({ cache, ttlS: 3_600, clock, semantic, metrics })(upstream);
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  const ask = async (text: string, directives: CacheDirectives = {}, body: object = {}, tenant = 't') => {
    const request = { model: 'm', messages: [{ role: 'user', content: text }], ...body };
    const call: LlmCall = openAiCall(request, { preferences: { cache: directives, tags: {} }, credential: 'secret' });
    call.context.caller = { tenant, keyName: 'k', limits: {}, cache: { semantic: true } };
    const reply = await service.complete(call);
    for (let n = 0; n < 5; n++) await settled();
    const text_ =
      'body' in reply
        ? (JSON.parse(Buffer.from(reply.body).toString()) as { choices: { message: { content: string } }[] })
        : undefined;
    return { ...cacheResult.get(call), answer: text_?.choices[0]?.message.content, call };
  };
  await counts.setEdges(OF, edgesOf(Array.from({ length: CANDIDATES_FOR_EDGES }, (_, n) => 1 - n / 1_000)));
  return { ask, counts, index, cache, clock, metrics, embedded, calls: () => upstreamCalls };
}

/** Certifies all bins by labels without an error. */
async function certified(options: OpenOptions = {}) {
  const opened = await open(options);
  for (let bin = 0; bin < 8; bin++) await opened.counts.add(OF, bin, 0, { labels: 600 });
  return opened;
}

describe('the semantic tier', () => {
  it('learns first, and serves after enough labels without an error', async () => {
    const { ask, calls, clock } = await open();
    await ask('s1 0');
    for (let n = 1; n <= 110; n++) expect((await ask(`s1 ${n}`)).state).toBe('miss');
    // counts are read again after a second
    clock.advance(1_001);
    const { state, answer, semantic, entry, call } = await ask('s1 50.5');
    expect([state, answer]).toEqual(['semantic', 's1']);
    expect(semantic).toMatchObject({ bound: 0.05, similarity: expect.any(Number) });
    expect(entry?.cost).toBe(700);
    expect(call.context.account.cost).toBe(0);
    expect(calls()).toBeLessThan(115);
  });

  it('serves nothing after labels with errors', async () => {
    const { ask, metrics } = await open({ answer: (question) => question });
    for (let n = 0; n <= 150; n++) expect((await ask(`s1 ${n}`)).state).toBe('miss');
    expect(metrics.semanticLabels.inc).toHaveBeenCalledWith({ bin: '0', result: 'wrong' });
  });

  it('serves no entry without enough right labels of its own', async () => {
    const { ask } = await certified({ ownLabels: 1 });
    await ask('s1 0');
    expect((await ask('s1 1')).state).toBe('miss');
    expect((await ask('s1 0.5')).state).not.toBe('bypass');
    const states = [(await ask('s1 0.1')).state, (await ask('s1 0.2')).state];
    expect(states).toContain('semantic');
  });

  it('serves no question that the words speak against', async () => {
    const { ask, metrics } = await certified({ comparisonWith: () => () => ({ veto: 'number' }) });
    await ask('s1 0');
    expect((await ask('s1 1')).state).toBe('miss');
    expect(metrics.semanticVetoes.inc).toHaveBeenCalledWith({ reason: 'number' });
  });

  it('revokes a bin whose answers have become wrong, and serves nothing of it any more', async () => {
    let isChanged = false;
    const { ask, metrics, clock } = await certified({
      explore: 1,
      answer: (question) => (isChanged ? question : subjectOf(question)),
    });
    await ask('s1 0');
    await ask('s1 1');
    isChanged = true;
    let explored = 0;
    while (metrics.semanticRevocations.inc.mock.calls.length === 0 && explored < 100) await ask(`s1 ${++explored + 1}`);
    expect(metrics.semanticRevocations.inc).toHaveBeenCalled();
    expect(explored).toBeLessThan(100);
    clock.advance(1_001);
    isChanged = false;
    await ask('s2 0');
    expect((await ask('s2 1')).state).toBe('miss');
  });

  it('removes an entry after feedback that it was wrong', async () => {
    const { ask, metrics } = await certified();
    await ask('s1 0');
    const { semantic } = await ask('s1 1');
    await ask('s9 0', { feedback: { entry: semantic?.entry ?? '', isRight: false } });
    expect(metrics.semanticLabels.inc).toHaveBeenCalledWith({ bin: '0', result: 'wrong' });
    expect((await ask('s1 2')).state).toBe('miss');
  });

  it('counts no feedback on an entry that is forged, unknown or reported before', async () => {
    const { ask, metrics } = await certified();
    await ask('s1 0');
    const { semantic } = await ask('s1 1');
    const parts = JSON.parse(Buffer.from(semantic?.entry ?? '', 'base64url').toString()) as unknown[];
    const named = (changed: readonly unknown[]) => Buffer.from(JSON.stringify(changed)).toString('base64url');
    const forged = [
      ...[
        'x',
        '',
        named([]),
        named(parts.with(0, 'a:b')),
        named(parts.with(1, '')),
        named(parts.with(2, 'x')),
        named(parts.with(3, 'x')),
      ],
      ...[
        named(parts.with(4, 'x'.repeat(43))),
        named(parts.with(5, 987_654_321)),
        named(parts.with(5, -1)),
        named(parts.with(6, -1)),
      ],
    ];
    for (const entry of forged) await ask('s9 0', { feedback: { entry, isRight: false } });
    await ask('s9 0', { feedback: { entry: semantic?.entry ?? '', isRight: true } });
    expect(metrics.semanticLabels.inc).not.toHaveBeenCalled();
    for (let n = 0; n < 3; n++) await ask('s9 0', { feedback: { entry: semantic?.entry ?? '', isRight: false } });
    expect(metrics.semanticLabels.inc).toHaveBeenCalledTimes(1);
  });

  it.each<[string, CacheDirectives, object]>([
    ['a call that allows only other wordings', { mode: 'near' }, {}],
    ['a call that requires a higher similarity', { minSimilarity: 1 }, {}],
    ['no-cache', { noCache: true }, {}],
    ['another namespace', { namespace: 'n' }, {}],
    ['another parameter', {}, { seed: 1 }],
    ['a high temperature', {}, { temperature: 1 }],
    [
      'another system prompt',
      {},
      {
        messages: [
          { role: 'system', content: 'x' },
          { role: 'user', content: 's1 1' },
        ],
      },
    ],
  ])('does not serve %s', async (_what, directives, body) => {
    const { ask } = await certified();
    await ask('s1 0');
    expect((await ask('s1 1', directives, body)).state).not.toBe('semantic');
    expect((await ask('s1 2')).state).toBe('semantic');
  });

  it('serves no other tenant', async () => {
    const { ask } = await certified();
    await ask('s1 0');
    expect((await ask('s1 1', {}, {}, 'other')).state).toBe('miss');
  });

  it('asks for vectors as the caller, with a tag', async () => {
    const { ask, embedded } = await open();
    await ask('s1 0');
    expect(embedded[0]).toMatchObject({
      operation: 'embeddings',
      credential: 'secret',
      preferences: { tags: { sluice: 'embedding' } },
    });
  });

  it.each<[string, OpenOptions]>([
    ['embeddings fail', { complete: () => Promise.reject(new Error('down')) }],
    ['embeddings have another dimension', { embeddings: { model: 'small', dimensions: 3 } }],
    [
      'the index is unavailable',
      {
        index: {
          ...{ nearest: async () => [], add: async () => {}, confirm: async () => {}, remove: async () => false },
          unavailable: async () => 'no vector sets',
        },
      },
    ],
  ])('makes the call if %s', async (_what, options) => {
    const { ask } = await open(options);
    expect((await ask('s1 0')).state).toBe('miss');
    expect((await ask('s1 1')).answer).toBe('s1');
  });

  it('keeps an entry whose response could not be read', async () => {
    const { ask, cache } = await certified();
    await ask('s1 0');
    const get = jest.spyOn(cache, 'get');
    get.mockResolvedValueOnce(undefined).mockRejectedValueOnce(new Error('unavailable'));
    expect((await ask('s1 1', { noStore: true })).state).toBe('miss');
    expect((await ask('s1 1')).state).toBe('semantic');
  });

  it('reports no failure of the cache if the caller may not use the embeddings model', async () => {
    const health = { success: jest.fn(), failure: jest.fn() };
    const { ask } = await open({ complete: () => Promise.reject(new LlmError('model_not_allowed', 'not allowed')), health });
    expect((await ask('s1 0')).state).toBe('miss');
    expect(health.failure).not.toHaveBeenCalled();
  });

  it('aborts slow embeddings, and makes the call', async () => {
    const hanging = (call: LlmCall): Promise<LlmReply> =>
      new Promise((_resolve, reject) => call.signal.addEventListener('abort', () => reject(call.signal.reason)));
    const { ask } = await open({ complete: hanging, timeoutMs: 20 });
    expect((await ask('s1 0')).state).toBe('miss');
  });

  it('sets the edges of the bins after enough candidates', async () => {
    const clock = new ManualClock(1_700_000_000_000);
    const counts = new MemorySemanticCounts();
    const { ask } = await open({ counts, clock });
    await ask('s1 0');
    for (let n = 1; n <= CANDIDATES_FOR_EDGES; n++) await ask(`s1 ${n / 10}`);
    await waitFor(async () => (await counts.read(OF)).edges?.length === 7, 'the edges');
  });
});
