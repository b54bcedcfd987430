import { describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/core/testing';
import type { IdempotentCalls } from './idempotent-calls.ts';

const ID = { tenant: 't', subject: 'key', key: 'k' };
const LEASE_MS = 60_000;
const answer = { status: 200, contentType: 'text/plain', streamed: true, body: Buffer.from([0, 10, 255, 10]) };

/** Every adapter of `IdempotentCalls` passes this; `open` gives an empty one. */
export function idempotentCallsContract(adapter: string, open: () => IdempotentCalls): void {
  describe(`idempotent calls (${adapter})`, () => {
    it('grants a claim to exactly one of many concurrent callers', async () => {
      const calls = open();
      const claims = await Promise.all(Array.from({ length: 10 }, (_, n) => calls.claim(ID, 'd', `owner-${n}`, LEASE_MS)));
      expect(claims.filter(({ state }) => state === 'ours')).toHaveLength(1);
      expect(claims.filter(({ state }) => state === 'under_way')).toHaveLength(9);
      expect(claims.find(({ state }) => state === 'under_way')).toEqual({ state: 'under_way', digest: 'd' });
    });

    it('returns the answer byte for byte to later callers', async () => {
      const calls = open();
      await calls.claim(ID, 'd', 'one', LEASE_MS);
      await calls.answer(ID, 'one', 'd', answer, LEASE_MS);
      const claim = await calls.claim(ID, 'other', 'two', LEASE_MS);
      expect(claim).toMatchObject({ state: 'answered', digest: 'd', answer: { ...answer, body: expect.anything() } });
      expect(claim.state === 'answered' && Buffer.from(claim.answer.body)).toEqual(answer.body);
    });

    it('separates calls by tenant, caller and key', async () => {
      const calls = open();
      for (const id of [ID, { ...ID, tenant: 'u' }, { ...ID, subject: 'other' }, { ...ID, key: 'l' }]) {
        expect(await calls.claim(id, 'd', 'one', LEASE_MS)).toEqual({ state: 'ours' });
      }
    });

    it('grants a claim again when it was abandoned or its lease has expired', async () => {
      const calls = open();
      await calls.claim(ID, 'd', 'one', LEASE_MS);
      await calls.giveUp(ID, 'another');
      expect((await calls.claim(ID, 'd', 'two', LEASE_MS)).state).toBe('under_way');
      await calls.giveUp(ID, 'one');
      expect(await calls.claim(ID, 'd', 'two', 300)).toEqual({ state: 'ours' });
      await calls.renew(ID, 'two', 600);
      await calls.renew(ID, 'another', LEASE_MS);
      await waitFor(async () => (await calls.claim(ID, 'd', 'three', LEASE_MS)).state === 'ours', 'the lease to be over');
      // an owner that lost its claim stores no answer
      await calls.answer(ID, 'two', 'd', answer, LEASE_MS);
      expect((await calls.claim(ID, 'd', 'four', LEASE_MS)).state).toBe('under_way');
    });

    it('notifies the listeners of a call, and no others, when it was answered or abandoned', async () => {
      const calls = open();
      const ended: string[] = [];
      const listen = (key: string) => calls.onEnd({ ...ID, key }, () => ended.push(key));
      const stops = [await listen('k'), await listen('k'), await listen('l'), await listen('m')];
      for (const key of ['k', 'l', 'm']) await calls.claim({ ...ID, key }, 'd', 'one', LEASE_MS);
      await calls.renew(ID, 'one', LEASE_MS);
      await calls.answer(ID, 'one', 'd', answer, LEASE_MS);
      await calls.giveUp({ ...ID, key: 'l' }, 'another');
      await calls.giveUp({ ...ID, key: 'l' }, 'one');
      await waitFor(() => ended.length >= 3, 'the events');
      expect(ended.toSorted()).toEqual(['k', 'k', 'l']);
      for (const stop of stops) stop();
      await calls.giveUp({ ...ID, key: 'm' }, 'one');
      const again = await listen('n');
      await calls.claim({ ...ID, key: 'n' }, 'd', 'one', LEASE_MS);
      await calls.giveUp({ ...ID, key: 'n' }, 'one');
      await waitFor(() => ended.includes('n'), 'a later event');
      again();
      expect(ended.toSorted()).toEqual(['k', 'k', 'l', 'n']);
    });

    it('expires calls', async () => {
      const calls = open();
      await calls.claim(ID, 'd', 'one', LEASE_MS);
      await calls.answer(ID, 'one', 'd', answer, 200);
      expect((await calls.claim(ID, 'd', 'two', LEASE_MS)).state).toBe('answered');
      await waitFor(async () => (await calls.claim(ID, 'd', 'two', LEASE_MS)).state === 'ours', 'the answer to be forgotten');
    });
  });
}
