import { describe, expect, it } from '@jest/globals';
import { openAiCall } from '@sluice/dialects';
import { createMetrics } from '@sluice/telemetry';
import { answer, scripted } from '../../../test/support/balanced-targets.ts';
import { loadShedding } from './load-shedding.ts';

describe('loadShedding', () => {
  it('refuses and counts new calls with a retry delay while a resource is scarce', async () => {
    const metrics = createMetrics({ version: '0', node: '0' });
    let pressure: 'lag' | 'heap' | undefined;
    const next = scripted(answer());
    const service = loadShedding({ pressure: () => pressure, metrics })(next);
    const call = () => service.complete(openAiCall({ model: 'm', messages: [{ role: 'user', content: 'x' }] }));
    expect((await call()).status).toBe(200);
    pressure = 'heap';
    await expect(call()).rejects.toMatchObject({ code: 'overloaded', status: 503, retryAfterMs: 1_000 });
    pressure = undefined;
    expect((await call()).status).toBe(200);
    expect(next.calls).toBe(2);
    expect((await metrics.shed.get()).values).toEqual([expect.objectContaining({ labels: { reason: 'heap' }, value: 1 })]);
  });
});
