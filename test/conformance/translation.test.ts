import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Gateway } from '@sluice/gateway';
import OpenAI from 'openai';
import { startGatewayHere } from '../support/gateway-here.ts';
import { recordedFiles } from '../support/recordings.ts';
import { events, type ScriptedUpstream, startScriptedUpstream, whole } from '../support/scripted-upstream.ts';

const KEY = 'key-of-the-translations';

/** What an answer says, whatever its wire. */
interface Said {
  readonly text: string;
  readonly reasoning: string;
  readonly calls: readonly { readonly id: string; readonly name: string; readonly arguments: unknown }[];
  readonly finish: 'stop' | 'length' | 'tool_calls' | 'refusal';
  readonly usage: { readonly input: number; readonly output: number };
}

interface Recording {
  readonly name: string;
  readonly dialect: 'openai' | 'anthropic';
  readonly streamed: boolean;
  readonly text: string;
  readonly said: Said;
}

// biome-ignore lint/suspicious/noExplicitAny: recordings are read without types, so that what is expected owes nothing to our own readers
type Any = any;

const argumentsOf = (text: string): unknown => (text === '' ? {} : JSON.parse(text));
const FINISH: Readonly<Record<string, Said['finish']>> = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'tool_calls',
  content_filter: 'refusal',
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  tool_use: 'tool_calls',
  refusal: 'refusal',
  pause_turn: 'stop',
};

function openAiSaid(chunks: readonly Any[], part: 'message' | 'delta'): Said {
  const calls = new Map<number, { id: string; name: string; arguments: string }>();
  const parts = chunks.map((chunk) => chunk.choices?.[0]?.[part] ?? {});
  for (const { tool_calls } of parts) {
    for (const [n, call] of (tool_calls ?? []).entries()) {
      const index = call.index ?? n;
      const known = calls.get(index) ?? { id: call.id, name: call.function.name, arguments: '' };
      calls.set(index, { ...known, arguments: known.arguments + (call.function?.arguments ?? '') });
    }
  }
  const usage = chunks.map((chunk) => chunk.usage).findLast((one) => one != null);
  return {
    text: parts.map(({ content, refusal }) => (typeof content === 'string' ? content : '') + (refusal ?? '')).join(''),
    reasoning: parts.map(({ reasoning_content, reasoning }) => reasoning_content ?? reasoning ?? '').join(''),
    calls: [...calls.values()].map((call) => ({ ...call, arguments: argumentsOf(call.arguments) })),
    finish: FINISH[chunks.map((chunk) => chunk.choices?.[0]?.finish_reason).findLast((one) => one != null)] ?? 'stop',
    usage: { input: usage?.prompt_tokens ?? 0, output: usage?.completion_tokens ?? 0 },
  };
}

function anthropicSaid(message: Any): Said {
  const blocks: readonly Any[] = message.content;
  const { input_tokens, cache_read_input_tokens, cache_creation_input_tokens, output_tokens } = message.usage;
  const explained = message.stop_reason === 'refusal' && blocks.length === 0 ? (message.stop_details?.explanation ?? '') : '';
  return {
    text: blocks.map((block) => (block.type === 'text' ? block.text : '')).join('') + explained,
    reasoning: blocks.map((block) => (block.type === 'thinking' ? block.thinking : '')).join(''),
    calls: blocks.filter((block) => block.type === 'tool_use').map(({ id, name, input }) => ({ id, name, arguments: input })),
    finish: FINISH[message.stop_reason] ?? 'stop',
    usage: { input: input_tokens + (cache_read_input_tokens ?? 0) + (cache_creation_input_tokens ?? 0), output: output_tokens },
  };
}

/** The message that a stream of Anthropic's makes, put together as its documentation says. */
function anthropicStreamSaid(chunks: readonly Any[]): Said {
  const start = chunks.find((chunk) => chunk.type === 'message_start').message;
  const done: Any[] = [];
  let blocks: Any[] = [];
  let input: string[] = [];
  // some recordings hold the answers of several turns, one after the other
  const turn = (): void => {
    done.push(
      ...blocks.map((block, n) =>
        block.type === 'tool_use' && input[n] !== '' ? { ...block, input: argumentsOf(input[n] ?? '') } : block,
      ),
    );
    blocks = [];
    input = [];
  };
  let { usage } = start;
  let [stop_reason, stop_details]: Any[] = [null, null];
  for (const chunk of chunks) {
    if (chunk.type === 'message_start') turn();
    if (chunk.type === 'content_block_start') {
      blocks[chunk.index] = { ...chunk.content_block };
      input[chunk.index] = '';
    }
    const block = blocks[chunk.index];
    if (chunk.delta?.type === 'text_delta') block.text += chunk.delta.text;
    if (chunk.delta?.type === 'thinking_delta') block.thinking += chunk.delta.thinking;
    if (chunk.delta?.type === 'input_json_delta') input[chunk.index] += chunk.delta.partial_json;
    if (chunk.type === 'message_delta') {
      stop_reason = chunk.delta.stop_reason ?? stop_reason;
      stop_details = chunk.delta.stop_details ?? stop_details;
      usage = { ...usage, ...Object.fromEntries(Object.entries(chunk.usage ?? {}).filter(([, value]) => value !== null)) };
    }
  }
  turn();
  return anthropicSaid({ content: done, usage, stop_reason, stop_details });
}

function recordings(): Recording[] {
  return recordedFiles().flatMap(({ name, text }): Recording[] => {
    if (name.endsWith('.json')) {
      const value = JSON.parse(text) as Any;
      if (value.type === 'message') return [{ name, dialect: 'anthropic', streamed: false, text, said: anthropicSaid(value) }];
      if (value.choices?.[0]?.message === undefined) return [];
      return [{ name, dialect: 'openai', streamed: false, text, said: openAiSaid([value], 'message') }];
    }
    const lines = text.split('\n').filter((line) => line !== '');
    const chunks = lines.map((line) => JSON.parse(line) as Any);
    if (chunks.some((chunk) => chunk.type === 'message_start')) {
      const wire = lines.map((line, n) => `event: ${chunks[n].type}\ndata: ${line}\n\n`).join('');
      return [{ name, dialect: 'anthropic', streamed: true, text: wire, said: anthropicStreamSaid(chunks) }];
    }
    if (!chunks.some((chunk) => chunk.choices?.[0]?.delta !== undefined)) return [];
    const wire = [...lines, '[DONE]'].map((line) => `data: ${line}\n\n`).join('');
    return [{ name, dialect: 'openai', streamed: true, text: wire, said: openAiSaid(chunks, 'delta') }];
  });
}

const all = recordings();

if (all.length === 0) {
  // named, so that nobody takes their absence for their success
  describe('real providers’ answers, translated', () =>
    it.skip(`skipped: there are no recordings at ../shared/recorded`, () => {}));
} else {
  describe('real providers’ answers', () => {
    let upstream: ScriptedUpstream;
    let gateway: Gateway;
    let openai: OpenAI;
    let anthropic: Anthropic;
    beforeAll(async () => {
      upstream = await startScriptedUpstream();
      gateway = await startGatewayHere({
        providers: {
          openai: { baseUrl: upstream.baseUrl, dialect: 'openai-chat' },
          anthropic: { baseUrl: upstream.baseUrl, dialect: 'anthropic-messages' },
        },
        keys: [{ name: 'translations', secret: KEY }],
      });
      openai = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: KEY, maxRetries: 0 });
      anthropic = new Anthropic({ baseURL: gateway.url, apiKey: KEY, maxRetries: 0 });
    });
    afterAll(async () => {
      await gateway.close(0);
      await upstream.close();
    });
    const messages = [{ role: 'user' as const, content: 'x' }];

    const toAnthropic = async (streamed: boolean): Promise<Said> => {
      const request = { model: 'openai/m', max_tokens: 100, messages };
      const message = streamed
        ? await anthropic.messages.stream(request).finalMessage()
        : await anthropic.messages.create(request);
      return anthropicSaid(message);
    };
    const toOpenAi = async (streamed: boolean): Promise<Said> => {
      const request = { model: 'anthropic/m', messages };
      if (!streamed) return openAiSaid([await openai.chat.completions.create(request)], 'message');
      const chunks: unknown[] = [];
      const stream = await openai.chat.completions.create({ ...request, stream: true, stream_options: { include_usage: true } });
      for await (const chunk of stream) chunks.push(chunk);
      return openAiSaid(chunks, 'delta');
    };

    it.each(all.map((recording) => [recording.name, recording] as const))(
      '%s says the same to the SDK of the other dialect',
      async (_name, { dialect, streamed, text, said }) => {
        upstream.answer(streamed ? events(text) : whole(text));
        expect(await (dialect === 'openai' ? toAnthropic(streamed) : toOpenAi(streamed))).toEqual(said);
      },
    );

    it.each(all.filter(({ dialect }) => dialect === 'anthropic').map((recording) => [recording.name, recording] as const))(
      '%s comes through byte for byte in its own dialect',
      async (_name, { streamed, text }) => {
        upstream.answer(streamed ? events(text) : whole(text));
        const response = await fetch(`${gateway.url}/v1/messages`, {
          method: 'POST',
          headers: { 'x-api-key': KEY, 'anthropic-version': '2023-06-01', 'content-type': 'application/json' },
          body: JSON.stringify({ model: 'anthropic/m', max_tokens: 100, messages, stream: streamed }),
        });
        expect(await response.text()).toBe(text);
      },
    );

    it('are of both dialects', () => {
      expect(all.filter(({ dialect }) => dialect === 'anthropic').length).toBeGreaterThan(20);
      expect(all.filter(({ dialect }) => dialect === 'openai').length).toBeGreaterThan(20);
    });
  });
}
