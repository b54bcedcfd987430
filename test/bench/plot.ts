import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import type { FrontierPoint } from './frontier.ts';

/** Plots the frontier as an SVG image: further right and lower is better. */
export async function plotFrontier(points: readonly FrontierPoint[], subtitle: string): Promise<string> {
  const spec: TopLevelSpec = {
    // a line each, because otherwise the longest line sets the width of the image
    title: { text: 'Throughput against p99, 1 to 128 callers', subtitle: subtitle.split('; ') },
    width: 640,
    height: 360,
    background: 'white',
    data: { values: [...points] },
    mark: { type: 'line', point: true },
    encoding: {
      x: { field: 'perSecond', type: 'quantitative', title: 'requests/s' },
      y: { field: 'p99Ms', type: 'quantitative', title: 'p99 (ms)', scale: { type: 'log' } },
      color: { field: 'peer', type: 'nominal', title: null, legend: { labelLimit: 300 } },
      order: { field: 'connections' },
    },
  };
  const view = new View(parse(compile(spec).spec), { renderer: 'none' });
  return await view.toSVG();
}
