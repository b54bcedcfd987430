import { expect, it } from '@jest/globals';
import { ReadinessProbe } from './readiness.ts';

it('a replica whose store came and went before anybody asked is ready', () => {
  const probe = new ReadinessProbe(() => false);
  probe.storeCame();
  expect(probe.get()).toEqual({ ready: true, text: 'ready, degraded: Redis is away' });
});

it('a replica is ready once its store has answered, stays so while the store is away, and ends with the process', () => {
  let answers = false;
  const probe = new ReadinessProbe(() => answers);
  expect(probe.get()).toEqual({ ready: false, text: 'not ready: Redis has not answered yet' });
  answers = true;
  expect(probe.get()).toEqual({ ready: true, text: 'ready' });
  answers = false;
  expect(probe.get()).toEqual({ ready: true, text: 'ready, degraded: Redis is away' });
  probe.close();
  expect(probe.get()).toEqual({ ready: false, text: 'stopping' });
});
