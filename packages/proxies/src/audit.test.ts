import { describe, expect, it, jest } from '@jest/globals';
import { LlmError, type LlmReply, type Operation, ReplyStream } from '@sluice/core';
import { endedAttempt, ManualClock } from '@sluice/core/testing';
import { openAiCall } from '@sluice/dialects';
import { audit } from './audit.ts';
import { type AuditRecord, auditRecordJson } from './audit-record.ts';
import { cacheResult } from './caching/cache-result.ts';
import { servedBy } from './routing/served-by.ts';

const body = Buffer.from('{"answer":1}');
const whole = (status = 200): LlmReply => ({ status, contentType: 'application/json', headers: {}, body });

async function recordOf(
  answer: () => LlmReply | Promise<LlmReply>,
  content = false,
  then: () => void = () => {},
  operation: Operation = 'chat',
) {
  const records: AuditRecord[] = [];
  const clock = new ManualClock(Date.parse('2026-01-02T03:04:05Z'));
  const call = openAiCall(
    { model: 'm', messages: [{ role: 'user', content: 'secret plans' }] },
    { credential: 'the-key', requestId: 'r-1', preferences: { tags: { team: 'a' } } },
  );
  Object.assign(call, { startedAtMs: clock.monotonic(), operation });
  const service = audit({ sink: { write: (record) => records.push(record) }, clock, content })({
    async complete() {
      clock.advance(250);
      call.context.caller = { tenant: 't', keyName: 'k', limits: {} };
      servedBy.set(call, { provider: 'p', model: 'm', target: 'p/m' });
      cacheResult.set(call, { state: 'miss', key: undefined });
      endedAttempt(call, { usage: { inputTokens: 3, outputTokens: 4 }, cost: 1_500 });
      return answer();
    },
  });
  await service.complete(call).catch(() => {});
  then();
  // the outcome of a stream is reported in a microtask
  await new Promise((resolve) => setImmediate(resolve));
  expect(records).toHaveLength(1);
  return records[0] as AuditRecord;
}

describe('audit', () => {
  it('writes one record per call with its caller, request, target, duration and cost', async () => {
    expect(await recordOf(() => whole())).toEqual({
      time: '2026-01-02T03:04:05.000Z',
      requestId: 'r-1',
      outcome: 'answered',
      status: 200,
      error: null,
      key: 'k',
      tenant: 't',
      route: 'POST /v1/chat/completions',
      model: 'm',
      target: 'p/m',
      provider: 'p',
      attempts: 1,
      inputTokens: 3,
      outputTokens: 4,
      costNanos: 1_500,
      latencyMs: 250,
      cache: 'miss',
      tags: { team: 'a' },
    });
  });

  it('has the exact cost and the dollars in the JSON form, and no field without a value', async () => {
    const json = JSON.parse(JSON.stringify(auditRecordJson(await recordOf(() => whole()))));
    expect(json).toMatchObject({ costNanos: 1_500, costUsd: 0.0000015, savedUsd: null });
    for (const absent of ['savedNanos', 'cachedInputTokens', 'tried', 'unpriced']) expect(json).not.toHaveProperty(absent);
  });

  it('does not parse an unauthenticated request', async () => {
    const records: AuditRecord[] = [];
    const call = openAiCall({ model: 'm', messages: [] });
    const view = jest.spyOn(call.message, 'view');
    const refused = new LlmError('invalid_api_key', 'The API key is not known.');
    const service = audit({ sink: { write: (record) => records.push(record) } })({ complete: () => Promise.reject(refused) });
    await expect(service.complete(call)).rejects.toBe(refused);
    expect(records).toMatchObject([{ outcome: 'refused', status: 401, error: 'invalid_api_key', key: null, model: null }]);
    expect(view).not.toHaveBeenCalled();
  });

  it('records no key, and prompt and response only when enabled', async () => {
    const text = JSON.stringify(await recordOf(() => whole()));
    for (const hidden of ['the-key', 'secret plans', 'answer"']) expect(text).not.toContain(hidden);
    // a passthrough body has any length and is not text
    expect(
      await recordOf(
        () => whole(),
        true,
        () => {},
        'other',
      ),
    ).not.toHaveProperty('answer');
    const open = await recordOf(() => whole(), true);
    expect(open.prompt).toContain('secret plans');
    expect(open.answer).toBe('{"answer":1}');
  });

  it.each([
    [() => whole(422), { outcome: 'refused', status: 422, error: null }],
    [() => Promise.reject(new LlmError('invalid_api_key', 'x')), { outcome: 'refused', status: 401, error: 'invalid_api_key' }],
    [() => Promise.reject(new LlmError('client_closed', 'x')), { outcome: 'cancelled', status: 499, error: 'client_closed' }],
    [() => Promise.reject(new LlmError('upstream_timeout', 'x')), { outcome: 'failed', status: 504, error: 'upstream_timeout' }],
    [() => Promise.reject(new TypeError('a fault of ours')), { outcome: 'failed', status: 500, error: 'internal_error' }],
  ])('records how a call ended (%#)', async (answer, end) => {
    expect(await recordOf(answer)).toMatchObject(end);
  });

  it.each([
    [{ end: 'finished' } as const, { outcome: 'answered', status: 200, error: null }],
    [{ end: 'cancelled' } as const, { outcome: 'cancelled', status: 499, error: 'client_closed' }],
    [
      { end: 'failed', error: new LlmError('upstream_truncated', 'x') } as const,
      { outcome: 'failed', status: 502, error: 'upstream_truncated' },
    ],
  ])('writes the record of a stream when it has ended (%#)', async (outcome, end) => {
    const stream = new ReplyStream({ pause() {}, resume() {}, cancel() {} });
    const reply: LlmReply = { status: 200, contentType: 'text/event-stream', headers: {}, stream };
    const record = await recordOf(
      () => reply,
      true,
      () => {
        stream.push(Buffer.from('data: 1\n\n'));
        stream.finish(outcome);
      },
    );
    expect(record).toMatchObject({ ...end, answer: 'data: 1\n\n' });
  });

  it('records the content of a stream that ended before its reply was returned', async () => {
    const stream = new ReplyStream({ pause() {}, resume() {}, cancel: () => undefined });
    stream.push(Buffer.from('data: 1\n\n'));
    stream.finish({ end: 'finished' });
    const reply: LlmReply = { status: 200, contentType: 'text/event-stream', headers: {}, stream };
    expect(await recordOf(() => reply, true)).toMatchObject({ outcome: 'answered', answer: 'data: 1\n\n' });
  });
});
