import { describe, expect, it } from '@jest/globals';
import type { DialectName, Usage } from '@sluice/core';
import { eventDecoder } from './framing/event-decoders.ts';
import { isObject, parseJson } from './neutral/read-json.ts';
import type { Choice, NeutralReply } from './neutral/reply.ts';
import type { Message, NeutralRequest, Part } from './neutral/request.ts';
import { collectEvents, type NeutralEvent } from './neutral/stream.ts';
import { DIALECTS } from './registry.ts';

const NAMES = Object.keys(DIALECTS) as DialectName[];
const context = { model: 'm', id: 'own', createdS: 1, streamUsage: true, framing: 'sse' as const };

const citations = [{ url: 'https://example.com/ä', title: 'Ä', start: 2, end: 6 }];
const logprobs = [{ token: 'Hällo', logprob: -0.25, top: [{ token: 'Hallo', logprob: -1.5 }] }];
const usage: Usage = {
  inputTokens: 100,
  outputTokens: 50,
  cachedInputTokens: 20,
  cacheWriteTokens: 10,
  reasoningTokens: 30,
  audioInputTokens: 5,
  audioOutputTokens: 6,
};
const text: Part = { type: 'text', text: 'Hällo Welt' };
const reply = (choice: Partial<Choice>, more: Partial<NeutralReply> = {}): NeutralReply => ({
  id: 'r1',
  model: 'm',
  choices: [{ parts: [text], finish: 'stop', ...choice }],
  ...more,
});

/** Writes a whole reply in a dialect and reads it back. */
const whole = (name: DialectName, one: NeutralReply): NeutralReply =>
  DIALECTS[name].readReply(JSON.parse(JSON.stringify(DIALECTS[name].writeReply(one, context))) as Record<string, unknown>);

/** Writes a reply as a stream and reads it back. */
function streamed(name: DialectName, events: readonly NeutralEvent[]): NeutralReply {
  const writer = DIALECTS[name].writeStream(context);
  const wire = events.map((event) => writer.write(event)).join('') + writer.end();
  const reader = DIALECTS[name].readStream();
  return collectEvents(
    eventDecoder('sse')
      .feed(Buffer.from(wire))
      .map(parseJson)
      .filter(isObject)
      .flatMap((data) => [...reader.read(data)]),
  );
}

const begin: NeutralEvent = { type: 'start', id: 'r1', model: 'm' };
const end: NeutralEvent = { type: 'finish', choice: 0, reason: 'stop' };
const citedIn = ({ choices }: NeutralReply) =>
  choices[0]?.parts.flatMap((part) => (part.type === 'text' ? (part.citations ?? []) : []));

describe('citations with a URL', () => {
  it.each(NAMES.filter((name) => name !== 'bedrock-converse'))('preserves citations with a URL in %s', (name) => {
    // Anthropic's citations have no positions in the response
    const [{ start, end: to, ...named } = { url: '' }] = citations;
    const kept = name === 'anthropic-messages' ? { ...named, text: '' } : { ...named, start, end: to };
    expect(citedIn(whole(name, reply({ parts: [{ ...text, citations }] })))).toEqual([kept]);
    const events: NeutralEvent[] = [
      begin,
      { type: 'text', choice: 0, text: 'Hällo Welt' },
      { type: 'text', choice: 0, text: '', citations },
      end,
    ];
    expect(citedIn(streamed(name, events))).toEqual([kept]);
  });
});

describe('log probabilities', () => {
  it.each(['openai-chat', 'openai-responses', 'gemini'] as const)('preserves log probabilities in %s', (name) => {
    expect(whole(name, reply({ logprobs })).choices[0]?.logprobs).toEqual(logprobs);
    const events: NeutralEvent[] = [begin, { type: 'text', choice: 0, text: 'Hällo', logprobs }, end];
    expect(streamed(name, events).choices[0]?.logprobs).toEqual(logprobs);
  });
});

describe('several choices', () => {
  const second: Part = { type: 'text', text: 'Other' };
  const two: NeutralReply = {
    ...reply({}),
    choices: [
      { parts: [text], finish: 'stop' },
      { parts: [second], finish: 'length' },
    ],
  };
  const events: NeutralEvent[] = [
    begin,
    { type: 'text', choice: 0, text: 'Hällo Welt' },
    { type: 'text', choice: 1, text: 'Other' },
    { type: 'finish', choice: 1, reason: 'length' },
    end,
  ];

  it.each(['openai-chat', 'gemini'] as const)('preserves several choices in %s', (name) => {
    for (const { choices } of [whole(name, two), streamed(name, events)]) {
      expect(choices.map(({ parts, finish }) => [parts, finish])).toEqual([
        [[text], 'stop'],
        [[second], 'length'],
      ]);
    }
  });

  it.each(['openai-responses', 'anthropic-messages', 'bedrock-converse'] as const)(
    'keeps only the first choice in %s',
    (name) => {
      for (const { choices } of [whole(name, two), streamed(name, events)])
        expect(choices.map(({ parts }) => parts)).toEqual([[text]]);
    },
  );
});

describe('matched stop sequence', () => {
  it.each(['anthropic-messages', 'bedrock-converse'] as const)('preserves the matched stop sequence in %s', (name) => {
    const met = { finish: 'stop_sequence' as const, stopSequence: 'END' };
    expect(whole(name, reply(met)).choices[0]).toMatchObject(met);
    const events: NeutralEvent[] = [
      begin,
      { type: 'text', choice: 0, text: 'x' },
      { type: 'finish', choice: 0, reason: 'stop_sequence', stopSequence: 'END' },
    ];
    expect(streamed(name, events).choices[0]).toMatchObject(met);
  });

  it.each(['openai-chat', 'openai-responses', 'gemini'] as const)('reports a stop sequence as a plain stop in %s', (name) => {
    expect(whole(name, reply({ finish: 'stop_sequence', stopSequence: 'END' })).choices[0]?.finish).toBe('stop');
  });
});

describe('refusal', () => {
  it.each(NAMES)('preserves the text of a refusal in %s', (name) => {
    const refused: Part = { type: 'refusal', text: 'No.' };
    const choice = whole(name, reply({ parts: [refused], finish: 'refusal' })).choices[0];
    expect(choice?.finish).toBe('refusal');
    expect(choice?.parts.map((part) => ('text' in part ? part.text : ''))).toEqual(['No.']);
    const stream = streamed(name, [
      begin,
      { type: 'refusal', choice: 0, text: 'No.' },
      { ...end, reason: 'refusal' } as NeutralEvent,
    ]);
    expect(stream.choices[0]?.parts.map((part) => ('text' in part ? part.text : ''))).toEqual(['No.']);
  });
});

describe('usage', () => {
  const KNOWN: Readonly<Record<DialectName, readonly (keyof Usage)[]>> = {
    'openai-chat': ['cachedInputTokens', 'cacheWriteTokens', 'reasoningTokens', 'audioInputTokens', 'audioOutputTokens'],
    'openai-responses': ['cachedInputTokens', 'cacheWriteTokens', 'reasoningTokens'],
    'anthropic-messages': ['cachedInputTokens', 'cacheWriteTokens', 'reasoningTokens'],
    gemini: ['cachedInputTokens', 'reasoningTokens', 'audioInputTokens', 'audioOutputTokens'],
    'bedrock-converse': ['cachedInputTokens', 'cacheWriteTokens'],
  };

  it.each(NAMES)('preserves the totals of a usage, and all parts that %s supports', (name) => {
    const kept = Object.fromEntries(
      ['inputTokens', 'outputTokens', ...KNOWN[name]].map((key) => [key, usage[key as keyof Usage]]),
    );
    expect(whole(name, reply({}, { usage })).usage).toEqual(kept);
    expect(streamed(name, [begin, { type: 'text', choice: 0, text: 'x' }, end, { type: 'usage', usage }]).usage).toEqual(kept);
  });
});

describe('request', () => {
  const imagePart: Part = { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'AAAA' } };
  const call: Part = { type: 'tool_call', id: 'call_1', name: 'look', arguments: '{}' };
  const turn = (result: Part): NeutralRequest => ({
    maxTokens: 9,
    messages: [
      { role: 'user', parts: [text] },
      { role: 'assistant', parts: [call] },
      { role: 'user', parts: [result] },
    ],
  });
  const lastOf = (name: DialectName, request: NeutralRequest): Message | undefined =>
    DIALECTS[name]
      .readRequest(JSON.parse(JSON.stringify(DIALECTS[name].writeRequest(request, 'm', false).body)) as Record<string, unknown>)
      .messages.at(-1);

  it.each(['anthropic-messages', 'gemini', 'bedrock-converse'] as const)("preserves a tool's error in %s", (name) => {
    const result: Part = { type: 'tool_result', callId: 'call_1', isError: true, parts: [{ type: 'text', text: 'broken' }] };
    expect(lastOf(name, turn(result))?.parts).toEqual([result]);
  });

  it.each(['openai-chat', 'openai-responses'] as const)("writes a tool's error into its text in %s", (name) => {
    const result: Part = { type: 'tool_result', callId: 'call_1', isError: true, parts: [{ type: 'text', text: 'broken' }] };
    const parts = [{ type: 'tool_result', callId: 'call_1', parts: [{ type: 'text', text: 'Error: broken' }] }];
    expect(lastOf(name, turn(result))?.parts).toEqual(parts);
  });

  it.each(['openai-responses', 'anthropic-messages', 'gemini', 'bedrock-converse'] as const)(
    "preserves a tool's image in %s",
    (name) => {
      const result: Part = { type: 'tool_result', callId: 'call_1', parts: [{ type: 'text', text: 'seen' }, imagePart] };
      expect(lastOf(name, turn(result))?.parts).toEqual([result]);
    },
  );

  it("moves a tool's image to the user's next text in chat completions", () => {
    const result: Part = { type: 'tool_result', callId: 'call_1', parts: [{ type: 'text', text: 'seen' }, imagePart] };
    expect(lastOf('openai-chat', turn(result))).toEqual({ role: 'user', parts: [imagePart] });
  });

  it.each(['anthropic-messages', 'bedrock-converse'] as const)('preserves prompt cache breakpoints in %s', (name) => {
    const marked: Part = { type: 'text', text: 'long', cache: {} };
    const request: NeutralRequest = { maxTokens: 9, messages: [{ role: 'user', parts: [marked, text] }] };
    expect(lastOf(name, request)?.parts).toEqual([marked, text]);
  });

  it.each(['openai-chat', 'gemini'] as const)('preserves audio in %s', (name) => {
    const sound: Part = { type: 'audio', source: { kind: 'base64', mediaType: 'audio/wav', data: 'AAAA' } };
    expect(lastOf(name, { messages: [{ role: 'user', parts: [sound] }] })?.parts).toEqual([sound]);
  });

  it.each(['openai-responses', 'anthropic-messages', 'bedrock-converse'] as const)('refuses audio in %s', (name) => {
    const sound: Part = { type: 'audio', source: { kind: 'base64', mediaType: 'audio/wav', data: 'AAAA' } };
    const write = () => DIALECTS[name].writeRequest({ messages: [{ role: 'user', parts: [sound] }] }, 'm', false);
    expect(write).toThrow(expect.objectContaining({ code: 'invalid_request', param: 'input_audio' }));
  });

  it.each(NAMES.filter((name) => name !== 'gemini'))(
    "never sends %s another provider's signatures, and returns its own",
    (name) => {
      const thoughts: Part[] = [
        { type: 'reasoning', text: 'Hm.', signature: 'gemini:c2ln' },
        { type: 'reasoning', text: '', encrypted: 'gemini:ZW5j' },
      ];
      const request: NeutralRequest = {
        maxTokens: 9,
        messages: [
          { role: 'user', parts: [text] },
          { role: 'assistant', parts: [...thoughts, text] },
          { role: 'user', parts: [text] },
        ],
      };
      expect(JSON.stringify(DIALECTS[name].writeRequest(request, 'm', false))).not.toMatch(/c2ln|ZW5j/);
      expect(JSON.stringify(DIALECTS.gemini.writeRequest(request, 'm', false))).toMatch(/"c2ln".*"ZW5j"/);
    },
  );
});
