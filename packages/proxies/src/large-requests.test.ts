import { describe, expect, it } from '@jest/globals';
import type { LlmCall } from '@sluice/core';
import { openAiCall } from '@sluice/dialects';
import { answer } from '../../../test/support/balanced-targets.ts';
import { largeRequests } from './large-requests.ts';

function setUp(content: string, model: unknown = 'm') {
  const call = openAiCall({ model: model as string, messages: [{ role: 'user', content }] });
  const events: string[] = [];
  const service = largeRequests({
    async complete({ message }: LlmCall) {
      events.push('next layer');
      message.view();
      return answer();
    },
  });
  return { call, service, events };
}

describe('largeRequests', () => {
  it('yields to other work before and after the parse of a large body', async () => {
    const { call, service, events } = setUp('x'.repeat(200_000));
    const { message } = call;
    const view = message.view.bind(message);
    message.view = () => {
      events.push('parse');
      return view();
    };
    const completed = service.complete(call);
    setImmediate(() => {
      events.push('other work');
      setImmediate(() => events.push('other work'));
    });
    await completed;
    expect(events).toEqual(['parse', 'other work', 'next layer', 'parse']);
  });

  it('passes a small body on at once', () => {
    const { call, service, events } = setUp('x');
    void service.complete(call); // resolved by the layer below
    expect(events).toEqual(['next layer']);
  });

  it('passes a large body that cannot be parsed on to the next layer', async () => {
    const { call, service, events } = setUp('x'.repeat(200_000), 7);
    await expect(service.complete(call)).rejects.toMatchObject({ code: 'invalid_request' });
    expect(events).toEqual(['next layer']);
  });
});
