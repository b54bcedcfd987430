import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Gateway } from '@sluice/gateway';
import { startGatewayHere } from '../support/gateway-here.ts';
import { recordedFiles } from '../support/recordings.ts';
import { events, type ScriptedUpstream, startScriptedUpstream, whole } from '../support/scripted-upstream.ts';

const KEY = 'key-of-the-recorded';

type Chunk = { readonly choices?: readonly unknown[]; readonly usage?: unknown };

interface Recording {
  readonly name: string;
  readonly streamed: boolean;
  readonly text: string;
  /** What a client is to see that did not ask for usage. */
  readonly withoutUsage: string;
  readonly route: string;
}

const eventOf = (data: string): string => `data: ${data}\n\n`;
const isUsageAlone = (chunk: Chunk): boolean => chunk.choices?.length === 0 && chunk.usage != null;

/** Those in OpenAI's dialect, which their content shows. */
function recordings(): Recording[] {
  return recordedFiles().flatMap(({ name, text }): Recording[] => {
    if (name.endsWith('.json')) {
      const value = JSON.parse(text) as Chunk & { object?: string };
      if (value.object === 'list' && !('models' in value)) {
        return [{ name, streamed: false, text, withoutUsage: text, route: '/v1/embeddings' }];
      }
      if (!Array.isArray(value.choices)) return [];
      const route = value.object === 'text_completion' ? '/v1/completions' : '/v1/chat/completions';
      return [{ name, streamed: false, text, withoutUsage: text, route }];
    }
    const lines = text.split('\n').filter((line) => line !== '');
    const chunks = lines.map((line) => JSON.parse(line) as Chunk & { object?: string });
    if (!chunks.some((chunk) => Array.isArray(chunk.choices))) return [];
    const all = [...lines, '[DONE]'];
    const shown = all.filter((_, n) => chunks[n] === undefined || !isUsageAlone(chunks[n]));
    const route = chunks[0]?.object === 'text_completion' ? '/v1/completions' : '/v1/chat/completions';
    return [{ name, streamed: true, text: all.map(eventOf).join(''), withoutUsage: shown.map(eventOf).join(''), route }];
  });
}

const all = recordings();

if (all.length === 0) {
  // named, so that nobody takes their absence for their success
  describe('real providers’ answers', () => it.skip(`skipped: there are no recordings at ../shared/recorded`, () => {}));
} else {
  describe('real providers’ answers', () => {
    let upstream: ScriptedUpstream;
    let gateway: Gateway;
    beforeAll(async () => {
      upstream = await startScriptedUpstream();
      gateway = await startGatewayHere({
        providers: { up: { baseUrl: upstream.baseUrl } },
        keys: [{ name: 'recorded', secret: KEY }],
      });
    });
    afterAll(async () => {
      await gateway.close(0);
      await upstream.close();
    });
    const ask = (recording: Recording, more: object) =>
      fetch(`${gateway.url}${recording.route}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'up/m', messages: [{ role: 'user', content: 'x' }], prompt: 'x', input: 'x', ...more }),
      });

    it.each(all.map((recording) => [recording.name, recording] as const))(
      '%s comes through byte for byte',
      async (_name, recording) => {
        upstream.answer(recording.streamed ? events(recording.text) : whole(recording.text));
        const { streamed: stream } = recording;
        const asked = await ask(recording, stream ? { stream, stream_options: { include_usage: true } } : {});
        expect(await asked.text()).toBe(recording.text);
        if (!stream) return;
        expect(await (await ask(recording, { stream })).text()).toBe(recording.withoutUsage);
      },
    );

    it('are of many providers', () => {
      expect(new Set(all.map(({ name }) => name.split('/')[0])).size).toBeGreaterThan(5);
    });
  });
}
