import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { BufferedCounter } from './buffered-counter.ts';
import { DurationHistogram } from './duration-histogram.ts';
import { UpDownGauge } from './up-down-gauge.ts';

const NAMES = ['model', 'status'] as const;
const labels = fc.record({ model: fc.constantFrom('a', 'b', 'c', '["a"]', 'd'), status: fc.constantFrom('200', '429', '500') });

/** Lines of a page, without their order. */
const linesOf = async (registry: Registry): Promise<string[]> => (await registry.metrics()).split('\n').sort();

describe('BufferedCounter', () => {
  it('exports the same page as a counter of prom-client, also when it is read between increments', async () => {
    const events = fc.array(fc.tuple(labels, fc.nat(1_000), fc.boolean()), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(events, async (list) => {
        const [one, other] = [new Registry(), new Registry()];
        const buffered = new BufferedCounter({ name: 'x_total', help: 'X.', labelNames: NAMES, registers: [one] });
        const plain = new Counter({ name: 'x_total', help: 'X.', labelNames: NAMES, registers: [other] });
        for (const [of, by, isRead] of list) {
          buffered.inc(of, by);
          plain.inc(of, by);
          if (isRead) expect(await linesOf(one)).toEqual(await linesOf(other));
        }
        expect(await linesOf(one)).toEqual(await linesOf(other));
      }),
      { numRuns: 50 },
    );
  });

  it('counts without labels from zero', async () => {
    const registry = new Registry();
    const counter = new BufferedCounter({ name: 'x_total', help: 'X.', labelNames: [], registers: [registry] });
    expect(await registry.metrics()).toContain('\nx_total 0\n');
    counter.inc();
    counter.inc(2);
    expect((await counter.get()).values).toEqual([{ labels: {}, value: 3 }]);
  });

  it.each([-1, Number.NaN])('refuses an increment of %s', (by) => {
    const counter = new BufferedCounter({ name: 'x_total', help: 'X.', labelNames: NAMES, registers: [new Registry()] });
    expect(() => counter.inc({ model: 'a', status: '200' }, by)).toThrow(RangeError);
  });

  it('refuses a label that the metric does not have', () => {
    const counter = new BufferedCounter({ name: 'x_total', help: 'X.', labelNames: ['model'], registers: [new Registry()] });
    expect(() => counter.inc({ modell: 'a' } as object)).toThrow(/modell/);
  });
});

describe('DurationHistogram', () => {
  it('exports the same page as a histogram of prom-client', async () => {
    const buckets = [0.01, 0.1, 1];
    const seconds = fc.oneof(fc.constantFrom(0, ...buckets, 2), fc.double({ min: 0, max: 3, noNaN: true }));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(labels, seconds), { maxLength: 60 }), async (list) => {
        const [one, other] = [new Registry(), new Registry()];
        const own = new DurationHistogram({ name: 'x_seconds', help: 'X.', labelNames: NAMES, buckets, registry: one });
        const plain = new Histogram({ name: 'x_seconds', help: 'X.', labelNames: NAMES, buckets, registers: [other] });
        for (const [of, value] of list) {
          own.observe(of, value);
          plain.observe(of, value);
        }
        expect(await linesOf(one)).toEqual(await linesOf(other));
      }),
      { numRuns: 50 },
    );
  });

  it('exists without labels before its first observation', async () => {
    const registry = new Registry();
    new DurationHistogram({ name: 'x_seconds', help: 'X.', labelNames: [], buckets: [1], registry });
    expect(await registry.metrics()).toContain('x_seconds_count 0');
  });
});

describe('UpDownGauge', () => {
  it('exports the same page as a gauge of prom-client', async () => {
    const [one, other] = [new Registry(), new Registry()];
    const own = new UpDownGauge({ name: 'x', help: 'X.', registers: [one] });
    const plain = new Gauge({ name: 'x', help: 'X.', registers: [other] });
    for (const gauge of [own, plain]) {
      gauge.inc();
      gauge.inc();
      gauge.dec();
    }
    expect(await one.metrics()).toBe(await other.metrics());
  });
});
