import { describe, expect, it } from '@jest/globals';
import { type LlmReply, ReplyStream } from '@sluice/core';
import { openAiCall } from '@sluice/dialects';
import { InFlightCalls, trackInFlight } from './in-flight.ts';

const whole: LlmReply = { status: 200, contentType: 'application/json', headers: {}, body: Buffer.from('{}') };
const callAt = (startedAtMs: number) => ({ ...openAiCall({ model: 'm', messages: [] }), id: `at-${startedAtMs}`, startedAtMs });

describe('InFlightCalls', () => {
  it('tracks calls and their streams until they have ended', async () => {
    const inFlight = new InFlightCalls();
    const ids = () => inFlight.startedBefore(Number.POSITIVE_INFINITY).map(({ id }) => id);
    let answer: LlmReply | Error = whole;
    const service = trackInFlight(inFlight)({
      async complete() {
        expect(ids()).toContain(`at-${asked}`);
        if (answer instanceof Error) throw answer;
        return answer;
      },
    });
    let asked = 1;
    await service.complete(callAt(asked));
    expect(ids()).toEqual([]);
    answer = new Error('x');
    asked = 2;
    await expect(service.complete(callAt(asked))).rejects.toThrow('x');
    expect(ids()).toEqual([]);
    const stream = new ReplyStream({ pause() {}, resume() {}, cancel() {} });
    answer = { ...whole, stream } as LlmReply;
    asked = 3;
    await service.complete(callAt(asked));
    expect(ids()).toEqual(['at-3']);
    stream.cancel();
    await stream.outcome;
    expect(ids()).toEqual([]);
  });

  it('returns calls that arrived before a given time', () => {
    const inFlight = new InFlightCalls();
    for (const at of [1, 2, 3]) inFlight.begin(callAt(at));
    expect(inFlight.startedBefore(2).map(({ id }) => id)).toEqual(['at-1', 'at-2']);
    expect(inFlight.startedBefore(0)).toEqual([]);
  });
});
