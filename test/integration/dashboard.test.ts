import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { createMetrics } from '@sluice/telemetry';

interface Dashboard {
  readonly panels: readonly { readonly title: string; readonly targets: readonly { readonly expr: string }[] }[];
}

describe('the Grafana dashboard', () => {
  const file = new URL('../../services/grafana/dashboards/sluice.json', import.meta.url);
  const { panels } = JSON.parse(readFileSync(file, 'utf8')) as Dashboard;

  it('queries only metrics and labels that exist', async () => {
    const { registry } = createMetrics({ version: '0', node: '0' });
    const known = new Map((await registry.getMetricsAsJSON()).map((metric) => [metric.name, metric]));
    const labelsOf = (name: string) => (registry.getSingleMetric(name) as unknown as { labelNames: string[] }).labelNames;
    for (const { title, targets } of panels) {
      for (const { expr } of targets) {
        const names = [...expr.matchAll(/\b((?:sluice|nodejs)_[a-z0-9_]+)/g)].map(([, name = '']) =>
          name.replace(/_(bucket|count|sum)$/, ''),
        );
        expect([title, names.length > 0 || expr.includes('up{')]).toEqual([title, true]);
        for (const name of names) {
          expect([title, name, known.has(name)]).toEqual([title, name, true]);
          const grouped = /by \(([^)]*)\)/.exec(expr)?.[1]?.split(', ') ?? [];
          for (const label of grouped) {
            if (label !== 'le' && label !== 'instance')
              expect([title, label, labelsOf(name)]).toEqual([title, label, expect.arrayContaining([label])]);
          }
        }
      }
    }
  });

  it('shows every metric of the gateway', async () => {
    const { registry } = createMetrics({ version: '0', node: '0' });
    const shown = JSON.stringify(panels);
    const own = (await registry.getMetricsAsJSON()).map(({ name }) => name).filter((name) => name.startsWith('sluice_'));
    // the build information is not a metric to plot, and the dashboard derives hits from the look-ups
    expect(own.filter((name) => !shown.includes(name))).toEqual(['sluice_build_info']);
  });
});
