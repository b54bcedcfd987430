import { describe, expect, it } from '@jest/globals';
import { callerForm, providerForm, writeRerankAnswer, writeRerankRequest } from './rerank-forms.ts';

const request = { model: 'alias', query: 'q', documents: ['a', { text: 'b' }], top_n: 1, return_documents: true };
const results = [{ index: 1, relevance_score: 0.9 }];

describe('rerank', () => {
  it('selects the form of a caller by its route, and of a provider by its embeddings', () => {
    expect([callerForm('POST /v1/rerank'), callerForm('POST /v2/rerank')]).toEqual(['jina', 'cohere']);
    expect([providerForm('cohere'), providerForm('voyage'), providerForm('openai'), providerForm(undefined)]).toEqual([
      ...['cohere', 'voyage'],
      ...['jina', 'jina'],
    ]);
  });

  it('writes a rerank request in the provider’s form', () => {
    const common = { model: 'm', query: 'q', documents: ['a', 'b'] };
    expect(writeRerankRequest(request, 'cohere', 'm')).toEqual({ ...common, top_n: 1 });
    expect(writeRerankRequest(request, 'voyage', 'm')).toEqual({ ...common, top_k: 1, return_documents: true });
  });

  it('writes a rerank answer in the caller’s form', () => {
    const voyage = { object: 'list', data: results, model: 'm', usage: { total_tokens: 5 } };
    expect(writeRerankAnswer(voyage, request, 'jina', 'call-1')).toEqual({
      model: 'alias',
      object: 'list',
      usage: { total_tokens: 5 },
      results: [{ index: 1, relevance_score: 0.9, document: { text: 'b' } }],
    });
    expect(writeRerankAnswer(voyage, request, 'cohere', 'call-1')).toEqual({
      id: 'call-1',
      results,
      meta: { api_version: { version: '2' } },
    });
    const cohere = { id: 'r-1', results, meta: { billed_units: { search_units: 1 } } };
    expect(writeRerankAnswer(cohere, { ...request, return_documents: false }, 'jina', 'call-1')).toMatchObject({ results });
    expect(writeRerankAnswer(cohere, request, 'cohere', 'call-1')).toEqual(cohere);
  });
});
