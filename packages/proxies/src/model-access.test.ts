import { describe, expect, it, jest } from '@jest/globals';
import type { LlmService } from '@sluice/core';
import { openAiCall } from '@sluice/dialects';
import { modelAccess } from './model-access.ts';

const reply = { status: 200, contentType: 'application/json', headers: {}, body: Buffer.from('{}') };

function setUp(models?: readonly string[]) {
  const order: string[] = [];
  const next: LlmService = {
    prepare: () => void order.push('prepare'),
    complete: jest.fn<LlmService['complete']>(async () => {
      order.push('complete');
      return reply;
    }),
  };
  const service = modelAccess({ has: (model) => ['a', 'b'].includes(model) })(next);
  const ask = (model: string) => {
    const call = openAiCall({ model, messages: [{ role: 'user', content: 'x' }] });
    call.facts.caller = { tenant: 't', keyName: 'k', limits: {}, ...(models === undefined ? {} : { models }) };
    return service.complete(call);
  };
  return { ask, order };
}

describe('model access', () => {
  it('has the store asked for all that is needed, before the call goes on', async () => {
    const { ask, order } = setUp();
    await ask('a');
    expect(order).toEqual(['prepare', 'complete']);
  });

  it.each([
    ['b', ['a'], 'model_not_allowed', 403],
    // what is not there is not told to who may not use it
    ['nowhere', ['a'], 'model_not_allowed', 403],
    ['nowhere', undefined, 'model_not_found', 404],
    ['a', [], 'model_not_allowed', 403],
  ])('refuses %s to a key of %j as %s, before the store is asked', async (model, models, code, status) => {
    const { ask, order } = setUp(models);
    await expect(ask(model)).rejects.toMatchObject({ code, status, param: 'model' });
    expect(order).toEqual([]);
  });
});
