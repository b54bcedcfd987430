import { describe, expect, it, jest } from '@jest/globals';
import type { Limits, LlmService } from '@sluice/core';
import { openAiCall } from '@sluice/dialects';
import { modelAccess } from './model-access.ts';

const reply = { status: 200, contentType: 'application/json', headers: {}, body: Buffer.from('{}') };

function setUp(models?: readonly string[], limits: Limits = {}, ofTeam: Limits = {}, routes?: readonly string[]) {
  const order: string[] = [];
  const next: LlmService = {
    complete: jest.fn<LlmService['complete']>(async () => {
      order.push('complete');
      return reply;
    }),
  };
  const target = { name: 'p/m', provider: 'p', model: 'm', weight: 1, service: next };
  const priced = { ...target, price: { input: 0, output: 0 } };
  const targets: Record<string, (typeof target)[]> = { a: [priced], b: [priced, target] };
  const known = { has: (model: string) => model in targets, get: (model: string) => ({ targets: targets[model] ?? [] }) };
  const service = modelAccess(known, () => [{ kind: 'team', name: 'web', limits: ofTeam }])(next);
  const ask = (model: string) => {
    const call = openAiCall({ model, messages: [{ role: 'user', content: 'x' }] });
    call.context.caller = {
      tenant: 't',
      keyName: 'k',
      limits,
      ...(models === undefined ? {} : { models }),
      ...(routes === undefined ? {} : { routes }),
    };
    return service.complete(call);
  };
  return { ask, order };
}

describe('modelAccess', () => {
  it.each([
    ['b', ['a'], 'model_not_allowed', 403],
    // a key without access must not learn whether a model exists
    ['nowhere', ['a'], 'model_not_allowed', 403],
    ['nowhere', undefined, 'model_not_found', 404],
    ['a', [], 'model_not_allowed', 403],
  ])('refuses the model %s to a key with the models %j as %s, without using the store', async (model, models, code, status) => {
    const { ask, order } = setUp(models);
    await expect(ask(model)).rejects.toMatchObject({ code, status, param: 'model' });
    expect(order).toEqual([]);
  });

  it.each([
    [['/v1/chat/completions'], true],
    [['/v1/messages', '/v1/*'], true],
    [['/v1/chat'], false],
    [['/v1/messages'], false],
    [[], false],
  ])('restricts a key to the routes %j', async (routes, may) => {
    const { ask, order } = setUp(undefined, {}, {}, routes);
    if (may) expect(await ask('a')).toBe(reply);
    else await expect(ask('a')).rejects.toMatchObject({ code: 'model_not_allowed' });
    expect(order).toEqual(may ? ['complete'] : []);
  });

  it('refuses a model with an unpriced target when the key or its team refuses unpriced calls', async () => {
    for (const { ask, order } of [setUp(undefined, { unpriced: 'refuse' }), setUp(undefined, {}, { unpriced: 'refuse' })]) {
      await ask('a');
      order.length = 0;
      await expect(ask('b')).rejects.toMatchObject({
        code: 'model_not_allowed',
        status: 403,
        message: expect.stringContaining('price'),
      });
      expect(order).toEqual([]);
    }
    await setUp(undefined, { unpriced: 'serve' }).ask('b');
  });
});
