import { describe, expect, it } from '@jest/globals';
import type { DialectName } from '@sluice/core';
import fc from 'fast-check';
import type { Dialect } from './dialect.ts';
import { errorMessage } from './failures/error-message.ts';
import { eventDecoder } from './framing/event-decoders.ts';
import { isObject, parseJson } from './neutral/read-json.ts';
import type { Choice, FinishReason, NeutralReply } from './neutral/reply.ts';
import type { Message, NeutralRequest, Part } from './neutral/request.ts';
import { untagSignature } from './neutral/sealed.ts';
import { collectEvents, type NeutralEvent } from './neutral/stream.ts';
import { DIALECTS } from './registry.ts';

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
const name = fc.stringMatching(/^[a-z][a-z_]{0,10}$/);
const base64 = fc.uint8Array({ minLength: 1, maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString('base64'));
// Anthropic and Bedrock refuse a text that contains only white space
const textPart = text.filter((one) => one.trim() !== '').map((one): Part => ({ type: 'text', text: one }));
const image = fc.oneof(
  base64.map((data): Part => ({ type: 'image', source: { kind: 'base64', mediaType: 'image/png', data } })),
  fc.webUrl().map((url): Part => ({ type: 'image', source: { kind: 'url', url } })),
);
const file = base64.map(
  (data): Part => ({ type: 'file', source: { kind: 'base64', mediaType: 'application/pdf', data }, name: 'a.pdf' }),
);
const reasoning = fc.oneof(
  fc.record({ text, signature: base64 }).map((one): Part => ({ type: 'reasoning', ...one })),
  base64.map((encrypted): Part => ({ type: 'reasoning', text: '', encrypted })),
);
const call = fc
  .record({ id: fc.uuid(), name, args: fc.dictionary(name, fc.oneof(text, fc.integer())) })
  .map(({ args, ...one }): Part & { type: 'tool_call' } => ({ type: 'tool_call', ...one, arguments: JSON.stringify(args) }));

/** Parts of a model's message: first reasoning, then text, then calls. */
const answered = fc
  .record({
    thoughts: fc.array(reasoning, { maxLength: 2 }),
    content: fc.option(textPart, { nil: undefined }),
    calls: fc.uniqueArray(call, { maxLength: 2, selector: ({ id }) => id }),
  })
  .map(({ thoughts, content, calls }): Part[] => [...thoughts, ...(content === undefined ? [] : [content]), ...calls])
  .filter((parts) => parts.some((part) => part.type === 'text' || part.type === 'tool_call'));

const conversation = fc
  .record({
    system: fc.option(textPart, { nil: undefined }),
    turns: fc.array(
      fc.record({ user: fc.array(fc.oneof(textPart, image, file), { minLength: 1, maxLength: 3 }), answer: answered }),
      {
        maxLength: 3,
      },
    ),
    last: fc.array(fc.oneof(textPart, image), { minLength: 1, maxLength: 2 }),
  })
  .map(({ system, turns, last }): Message[] => {
    const messages: Message[] = system === undefined ? [] : [{ role: 'system', parts: [system] }];
    let results: Part[] = [];
    for (const turn of turns) {
      messages.push({ role: 'user', parts: [...results, ...turn.user] }, { role: 'assistant', parts: turn.answer });
      results = turn.answer.flatMap((part): Part[] =>
        part.type === 'tool_call'
          ? [{ type: 'tool_result', callId: part.id, parts: [{ type: 'text', text: `of ${part.name}` }] }]
          : [],
      );
    }
    messages.push({ role: 'user', parts: [...results, ...last] });
    return messages;
  });

const tool = fc.record({ name, description: text }).map((one) => ({ ...one, schema: { type: 'object', properties: {} } }));
const request = fc
  .record(
    {
      messages: conversation,
      // providers refuse two tools with the same name
      tools: fc.uniqueArray(tool, { minLength: 1, maxLength: 3, selector: ({ name }) => name }),
      toolChoice: fc.oneof(fc.constantFrom('auto', 'required'), fc.record({ name })),
      maxTokens: fc.integer({ min: 1, max: 100_000 }),
      temperature: fc.constantFrom(0, 0.5, 1),
      topP: fc.constantFrom(0.1, 0.9),
      stop: fc.array(text, { minLength: 1, maxLength: 3 }),
      user: text,
    },
    { requiredKeys: ['messages', 'maxTokens'] },
  )
  .map((one) => one as NeutralRequest);

/** Removes what a dialect does not support: the conformance suites test the refusals. */
function sayable(dialect: DialectName, { toolChoice, ...asked }: NeutralRequest): NeutralRequest {
  // a choice without tools is refused
  const request = { ...asked, ...(toolChoice === undefined || asked.tools === undefined ? {} : { toolChoice }) };
  const { stop, user, ...rest } = request;
  switch (dialect) {
    case 'gemini':
      return { ...rest, ...(stop === undefined ? {} : { stop }) };
    case 'openai-responses':
      return { ...rest, ...(user === undefined ? {} : { user }) };
    case 'bedrock-converse': {
      let files = 0;
      const messages = rest.messages.map((message) => ({
        ...message,
        parts: message.parts.map((part) => fetched(part, ++files)),
      }));
      return { ...rest, messages, ...(stop === undefined ? {} : { stop }) };
    }
    default:
      return request;
  }
}

/** Replaces URLs and names: Bedrock fetches no URLs, and accepts neither dots in a name nor a repeated name. */
function fetched(part: Part, n: number): Part {
  if (part.type === 'image') return { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'AAAA' } };
  return part.type === 'file' ? { ...part, name: `a ${n}` } : part;
}

/** Removes the mark from signatures and encrypted reasoning. */
function unmarked(dialect: DialectName, part: Part): Part {
  if (part.type === 'reasoning') {
    const { signature, encrypted } = part;
    return {
      ...part,
      ...(signature === undefined ? {} : { signature: untagSignature(dialect, signature) as string }),
      ...(encrypted === undefined ? {} : { encrypted: untagSignature(dialect, encrypted) as string }),
    };
  }
  // Gemini requires a type for every URL, which is guessed
  if (part.type === 'image' && part.source.kind === 'url') return { ...part, source: { kind: 'url', url: part.source.url } };
  return part;
}

/**
 * Joins messages that one of the formats does not separate: OpenAI has one message per tool result, which other formats join
 * with the user's next text.
 */
function merged(dialect: DialectName, messages: readonly Message[]): Message[] {
  const turns: Message[] = [];
  for (const message of messages) {
    const last = turns.at(-1);
    if (last?.role === message.role) turns[turns.length - 1] = { ...last, parts: [...last.parts, ...message.parts] };
    else turns.push(message);
  }
  return turns.map((turn) => ({ ...turn, parts: turn.parts.map((part) => unmarked(dialect, part)) }));
}

const reply = fc
  .record({
    parts: answered,
    finish: fc.constantFrom<FinishReason>('stop', 'length', 'tool_calls', 'refusal'),
    input: fc.nat(400_000_000),
    output: fc.nat(400_000_000),
    cached: fc.nat(400_000_000),
  })
  .map(
    ({ parts, finish, input, output, cached }): NeutralReply => ({
      id: 'r1',
      model: 'm1',
      choices: [{ parts, finish }],
      usage: { inputTokens: input + cached, outputTokens: output, cachedInputTokens: cached },
    }),
  );

/**
 * Normalizes the finish reason. Some formats have none for calls, and some compatible servers write `stop`: the calls
 * themselves decide.
 */
function finishOf(dialect: DialectName, choice: Choice | undefined): FinishReason | undefined {
  const byCalls = dialect === 'gemini' || dialect === 'openai-responses' || dialect === 'openai-chat';
  if (choice === undefined || !byCalls) return choice?.finish;
  if (choice.finish !== 'stop' && choice.finish !== 'tool_calls') return choice.finish;
  return choice.parts.some((part) => part.type === 'tool_call') ? 'tool_calls' : 'stop';
}

/** Joins adjacent parts of the same kind, which a stream does not separate. */
const spoken = (dialect: DialectName, { choices, usage }: NeutralReply) => ({
  finish: finishOf(dialect, choices[0]),
  text: choices[0]?.parts.map((part) => (part.type === 'text' ? part.text : '')).join(''),
  reasoning: choices[0]?.parts.filter((part) => part.type === 'reasoning').map((part) => unmarked(dialect, part)),
  calls: choices[0]?.parts
    .filter((part) => part.type === 'tool_call')
    .map(({ id, name, arguments: args }) => ({ id, name, arguments: JSON.parse(args) as unknown })),
  usage: { input: usage?.inputTokens, output: usage?.outputTokens, cached: usage?.cachedInputTokens },
});

function* eventsOf({ id, model, choices, usage }: NeutralReply): Generator<NeutralEvent> {
  yield { type: 'start', id, model };
  const [choice] = choices;
  let calls = 0;
  for (const part of choice?.parts ?? []) {
    if (part.type === 'text') for (const one of part.text) yield { type: 'text', choice: 0, text: one };
    else if (part.type === 'reasoning' && part.encrypted !== undefined) yield { ...part, choice: 0 };
    else if (part.type === 'reasoning') {
      yield { type: 'reasoning', choice: 0, text: part.text };
      yield { type: 'reasoning', choice: 0, text: '', signature: part.signature ?? '' };
    } else if (part.type === 'tool_call') {
      const call = calls++;
      yield { type: 'tool_call', choice: 0, call, id: part.id, name: part.name };
      for (const one of part.arguments) yield { type: 'tool_arguments', choice: 0, call, text: one };
    }
  }
  yield { type: 'finish', choice: 0, reason: choice?.finish ?? 'stop' };
  if (usage !== undefined) yield { type: 'usage', usage };
}

const context = { model: 'm1', id: 'own', createdS: 1, streamUsage: true, framing: 'sse' as const };

function readBack(dialect: Dialect, wire: string): { events: NeutralEvent[]; finished: boolean } {
  const reader = dialect.readStream();
  const events = eventDecoder('sse')
    .feed(Buffer.from(wire))
    .flatMap((event) => {
      const data = parseJson(event);
      return isObject(data) ? [...reader.read(data)] : [];
    });
  return { events, finished: reader.finished };
}

describe.each(Object.keys(DIALECTS) as DialectName[])('round trip of %s', (dialectName) => {
  const dialect = DIALECTS[dialectName];

  it('preserves a request that is written and read back', () => {
    fc.assert(
      fc.property(request, (asked) => {
        const one = sayable(dialectName, asked);
        const { body, dropped } = dialect.writeRequest(one, 'm1', false);
        const read = dialect.readRequest(JSON.parse(JSON.stringify(body)) as typeof body);
        expect({ ...read, messages: merged(dialectName, read.messages) }).toEqual({
          ...one,
          messages: merged(dialectName, one.messages),
        });
        expect(dropped).toEqual([]);
      }),
    );
  });

  it('preserves a whole reply that is written and read back', () => {
    fc.assert(
      fc.property(reply, (one) => {
        const written = JSON.parse(JSON.stringify(dialect.writeReply(one, context))) as Record<string, unknown>;
        expect(spoken(dialectName, dialect.readReply(written))).toEqual(spoken(dialectName, one));
      }),
    );
  });

  it('preserves a stream that is written and read back', () => {
    fc.assert(
      fc.property(reply, (one) => {
        const writer = dialect.writeStream(context);
        const wire = [...eventsOf(one)].map((event) => writer.write(event)).join('') + writer.end();
        const { events, finished } = readBack(dialect, wire);
        expect(spoken(dialectName, collectEvents(events))).toEqual(spoken(dialectName, one));
        expect(finished).toBe(true);
      }),
    );
  });

  it('accepts any JSON as a response, an event and an error', () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.constantFrom(
            ...['type', 'choices', 'content', 'delta', 'usage', 'index', 'error', 'message', 'content_block'],
            ...['candidates', 'usageMetadata', 'promptFeedback', 'output', 'item', 'response', 'part', 'annotation'],
            ...['output_index', 'contentBlockStart', 'contentBlockDelta', 'messageStop', 'metadata', 'stopReason'],
          ),
          fc.jsonValue(),
        ),
        (value) => {
          const body = value as Record<string, unknown>;
          dialect.readReply(body);
          dialect.readUsage(body);
          dialect.reportsFailure(body);
          dialect.contentOf(body);
          errorMessage(body);
          const reader = dialect.readStream();
          const writer = dialect.writeStream(context);
          for (const event of reader.read(body)) writer.write(event);
        },
      ),
    );
  });

  it('refuses an invalid request with its field, and never throws anything else', () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.constantFrom(
            ...['messages', 'tools', 'tool_choice', 'stop', 'system', 'thinking', 'response_format', 'n'],
            ...['contents', 'generationConfig', 'toolConfig', 'systemInstruction', 'input', 'instructions', 'reasoning', 'text'],
            ...['inferenceConfig', 'additionalModelRequestFields', 'outputConfig'],
          ),
          fc.jsonValue(),
        ),
        (value) => {
          try {
            dialect.readRequest(value as Record<string, unknown>);
          } catch (error) {
            expect(error).toMatchObject({ name: 'LlmError', code: 'invalid_request', param: expect.any(String) });
          }
        },
      ),
    );
  });
});
