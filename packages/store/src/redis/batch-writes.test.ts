import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { atEndOfTurn, batchWrites } from './batch-writes.ts';
import type { RedisClient } from './connections.ts';

function setUp() {
  const events: string[] = [];
  const stream = { cork: () => events.push('cork'), uncork: () => events.push('uncork') };
  return { client: { stream } as unknown as RedisClient, events };
}

describe('batchWrites', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('sends the writes of a turn together with what is sent at its end', () => {
    const { client, events } = setUp();
    batchWrites(client);
    batchWrites(client);
    atEndOfTurn(client, () => events.push('send'));
    expect(events).toEqual(['cork']);
    jest.runAllTimers();
    expect(events).toEqual(['cork', 'send', 'uncork']);
  });

  it('sends the writes of a turn also if a sender throws an error', () => {
    const { client, events } = setUp();
    atEndOfTurn(client, () => {
      throw new Error('fault');
    });
    expect(() => jest.runAllTimers()).toThrow('fault');
    expect(events).toEqual(['cork', 'uncork']);
  });
});
