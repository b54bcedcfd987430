import { describe, expect, it } from '@jest/globals';
import type { GatewayConfig } from '@sluice/config';
import { type Component, Components } from './component.ts';

const changed = {} as GatewayConfig;

function recorded(failing: Partial<Record<string, 'start' | 'reload' | 'stop'>> = {}) {
  const events: string[] = [];
  const component = (name: string): Component => {
    const act = (action: 'start' | 'reload' | 'stop') => () => {
      events.push(`${action} ${name}`);
      if (failing[name] === action) throw new Error(`${name} cannot ${action}`);
    };
    return { name, start: act('start'), reload: act('reload'), stop: act('stop') };
  };
  const components = new Components([component('a'), component('b'), component('c')], (name) => events.push(`failed ${name}`));
  return { events, components };
}

describe('Components', () => {
  it('starts and reloads parts in order, and stops them in reverse order', async () => {
    const { events, components } = recorded();
    await components.start();
    components.reload(changed);
    await components.stop();
    expect(events).toEqual([
      ...['start a', 'start b', 'start c'],
      ...['reload a', 'reload b', 'reload c'],
      ...['stop c', 'stop b', 'stop a'],
    ]);
  });

  it('stops the parts that were started when a later one fails to start', async () => {
    const { events, components } = recorded({ c: 'start' });
    await expect(components.start()).rejects.toThrow('c cannot start');
    expect(events).toEqual(['start a', 'start b', 'start c', 'stop b', 'stop a']);
  });

  it('changes nothing when the first part refuses a configuration', () => {
    const { events, components } = recorded({ a: 'reload' });
    expect(() => components.reload(changed)).toThrow('a cannot reload');
    expect(events).toEqual(['reload a']);
  });

  it('stops the other parts when one fails to stop', async () => {
    const { events, components } = recorded({ b: 'stop' });
    await components.stop();
    expect(events).toEqual(['stop c', 'stop b', 'failed b', 'stop a']);
  });
});
