import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Gateway } from '@sluice/gateway';
import { converseFrames } from '../support/aws-frames.ts';
import type { NormalizedReply } from '../support/normalized-reply.ts';
import { type Recording, recordedFiles, recordingOf, wireOf } from '../support/recordings.ts';
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts';
import { type CallerName, type SdkCaller, sdkCallers } from '../support/sdk-callers.ts';
import { startGateway } from '../support/start-gateway.ts';

const KEY = 'key-of-the-translations';
const PAGE = readFileSync(fileURLToPath(new URL('../../docs/dialects.md', import.meta.url)), 'utf8');
const CALLERS: readonly CallerName[] = ['openai-chat', 'openai-responses', 'anthropic-messages', 'gemini'];

const files = recordedFiles();
const recordings = files.flatMap((file) => recordingOf(file) ?? []);

/**
 * Normalizes differences between wire formats: missing call ids are generated, a missing finish reason follows from the calls,
 * and unsupported images become text.
 */
function comparable(reply: NormalizedReply, recording: Recording, caller: CallerName): object {
  const calls = reply.calls.map((call) => ({ ...call, id: recording.dialect === 'gemini' ? 'any' : call.id }));
  const wordless = caller === 'gemini' || caller === 'openai-responses';
  const ended = reply.finish === 'stop' || reply.finish === 'tool_calls';
  const text = reply.text.replaceAll(/!\[image\]\(data:image\/[^)]*\)/g, '');
  return { ...reply, calls, text, finish: wordless && ended ? (calls.length > 0 ? 'tool_calls' : 'stop') : reply.finish };
}

if (files.length === 0) {
  // a named skip, so that missing recordings are not mistaken for passed tests
  describe("real providers' responses, translated", () =>
    it.skip(`skips the translations: there are no recordings at ../shared/recorded`, () => {}));
} else {
  describe("real providers' responses", () => {
    let upstream: ScriptedUpstream;
    let gateway: Gateway;
    let callers: Readonly<Record<CallerName, SdkCaller>>;
    beforeAll(async () => {
      upstream = await startScriptedUpstream();
      const { baseUrl } = upstream;
      gateway = await startGateway({
        config: {
          providers: {
            'openai-chat': { baseUrl, dialect: 'openai-chat' },
            'openai-responses': { baseUrl, dialect: 'openai-responses' },
            'anthropic-messages': { baseUrl, dialect: 'anthropic-messages' },
            gemini: { baseUrl, dialect: 'gemini' },
            'bedrock-converse': { type: 'bedrock', baseUrl, region: 'eu-west-1', apiKey: 'bedrock-key' },
          },
          keys: [{ name: 'translations', secret: KEY }],
        },
      });
      callers = sdkCallers(gateway.url, KEY);
    });
    afterAll(async () => {
      await gateway.close(0);
      await upstream.close();
    });
    const play = (recording: Recording): void => {
      const { text, streamed, dialect, events } = recording;
      const framed = streamed && dialect === 'bedrock-converse';
      const type = framed ? 'application/vnd.amazon.eventstream' : streamed ? 'text/event-stream' : 'application/json';
      const body = framed ? converseFrames(events) : streamed ? wireOf(recording) : text;
      upstream.answer((response) => void response.writeHead(200, { 'content-type': type }).end(body));
    };

    describe.each(CALLERS)('translated to %s', (caller) => {
      const others = recordings.filter(({ dialect }) => dialect !== caller);
      it.each(others.map((recording) => [recording.name, recording] as const))(
        'keeps the content of the recording %s',
        async (_name, recording) => {
          play(recording);
          const received = await callers[caller](`${recording.dialect}/m`, recording.streamed);
          expect(comparable(received, recording, caller)).toEqual(comparable(recording.reply, recording, caller));
          expect(new Set(received.calls.map(({ id }) => id)).size).toBe(received.calls.length);
        },
      );
    });

    it('covers every recording by a dialect, or by a reason on the page', () => {
      const unread = files.filter((file) => recordingOf(file) === undefined).map(({ name }) => name);
      const excused = [...PAGE.matchAll(/`([\w.-]+\/[\w.-]+)`/g)].map(([, name]) => name as string);
      // a stream and a complete response of the same name count together
      const stem = (name: string): string => name.replace(/(\.chunks\.txt|\.json)$/, '');
      expect(unread.filter((name) => !excused.includes(stem(name)))).toEqual([]);
    });

    it('covers recordings of every dialect', () => {
      const counts = Object.groupBy(recordings, ({ dialect }) => dialect);
      expect(counts['openai-chat']?.length).toBeGreaterThan(20);
      expect(counts['anthropic-messages']?.length).toBeGreaterThan(20);
      expect(counts['openai-responses']?.length).toBeGreaterThan(20);
      expect(counts.gemini?.length).toBeGreaterThan(5);
      expect(counts['bedrock-converse']?.length).toBeGreaterThan(5);
    });
  });
}
