import { expect, it } from '@jest/globals';
import { ReadinessProbe } from './readiness.ts';

it('reports ready when the store was available only before the first request', () => {
  const probe = new ReadinessProbe();
  probe.watch(() => false);
  probe.storeCame();
  expect(probe.get()).toEqual({ ready: true, text: 'ready, degraded: Redis is unavailable' });
});

it('reports ready once the store has responded, and stays ready until the process stops', () => {
  let answers = false;
  const probe = new ReadinessProbe();
  probe.watch(() => answers);
  expect(probe.get()).toEqual({ ready: false, text: 'not ready: Redis has not been available yet' });
  answers = true;
  expect(probe.get()).toEqual({ ready: true, text: 'ready' });
  answers = false;
  expect(probe.get()).toEqual({ ready: true, text: 'ready, degraded: Redis is unavailable' });
  probe.close();
  expect(probe.get()).toEqual({ ready: false, text: 'stopping' });
});
