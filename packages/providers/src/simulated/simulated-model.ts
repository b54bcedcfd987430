import { errorTexts, LlmError, type Usage } from '@sluice/core';
import type { Choice, MediaSource, NeutralEvent, NeutralReply, NeutralRequest, Part, Tool } from '@sluice/dialects';
import { sampleValue } from './sample-value.ts';

/** 2023-11-14, the creation time of all simulated models. */
export const SIMULATED_CREATED_S = 1_700_000_000;

/** The maximum of OpenAI's API. */
const MAX_CHOICES = 128;

const lengthOf = (text: string): number => [...text].length;

/** Returns all text of a message, including tool results. */
function textOf(parts: readonly Part[]): string {
  return parts
    .map((part) => {
      if (part.type === 'text' || part.type === 'refusal') return part.text;
      return part.type === 'tool_result' ? textOf(part.parts) : '';
    })
    .join('');
}

/** Lists the media of a message, so that the answer shows that they arrived. */
function mediaOf(parts: readonly Part[]): string[] {
  return parts.flatMap((part): string[] => {
    if (part.type === 'tool_result') return mediaOf(part.parts);
    return part.type === 'image' || part.type === 'audio' || part.type === 'file'
      ? [`[${part.type}: ${nameOf(part.source)}]`]
      : [];
  });
}

function nameOf(source: MediaSource): string {
  switch (source.kind) {
    case 'base64':
      return `${source.mediaType}, ${Buffer.from(source.data, 'base64').length} bytes`;
    case 'url':
      return source.url;
    case 'id':
      return source.id;
  }
}

/**
 * Simulates a reply; the same request has the same reply. It counts one token per character of the prompt and of the answer, so
 * that a price per token is the price per character of the examples.
 *
 * It calls the tool that is forced, or each tool that the prompt names; it repeats the results of tools; it reasons on request;
 * it writes an object for a schema; and it lists the images and files that it received.
 */
export function simulateReply(request: NeutralRequest, head: { readonly id: string; readonly model: string }): NeutralReply {
  const { messages, format, reasoning, maxTokens, choices = 1 } = request;
  if (!Number.isInteger(choices) || choices < 1 || choices > MAX_CHOICES) {
    throw new LlmError('invalid_request', errorTexts.choicesOutOfRange(MAX_CHOICES), { param: 'n' });
  }
  const last = messages.at(-1)?.parts ?? [];
  const prompt = [textOf(last), ...mediaOf(last)].join(' ').trim();
  const parts: Part[] = [];
  if (reasoning?.show === true && reasoning.effort !== 'none') {
    parts.push({ type: 'reasoning', text: `Thinking about: ${prompt}`, signature: Buffer.from(prompt).toString('base64') });
  }
  const calls = toolsToCall(request, sinceLastAnswer(request));
  let finish: Choice['finish'] = 'stop';
  if (calls.length > 0) {
    finish = 'tool_calls';
    for (const [n, tool] of calls.entries()) {
      const id = `call_${head.id}_${n}`.replace(/[^\w-]/g, '').slice(0, 40);
      parts.push({ type: 'tool_call', id, name: tool.name, arguments: JSON.stringify(sampleValue(tool.schema)) });
    }
  } else {
    const whole =
      format === undefined
        ? `Simulated answer to: ${prompt}`
        : JSON.stringify(format.type === 'schema' ? sampleValue(format.schema) : { answer: prompt });
    const allowed = maxTokens === undefined ? whole : [...whole].slice(0, maxTokens).join('');
    if (allowed.length < whole.length) finish = 'length';
    parts.push({ type: 'text', text: allowed });
  }
  const choice: Choice = { parts, finish, ...logprobsOf(request, parts) };
  return {
    ...head,
    createdS: SIMULATED_CREATED_S,
    choices: Array.from({ length: choices }, () => choice),
    usage: usageOf(request, parts, choices),
  };
}

/** Returns the input after the model's last message. Results of tools and text may be in separate messages. */
function sinceLastAnswer({ messages }: NeutralRequest): readonly Part[] {
  const answered = messages.findLastIndex(({ role }) => role === 'assistant');
  return messages.slice(answered + 1).flatMap(({ role, parts }) => (role === 'user' ? parts : []));
}

function toolsToCall({ tools = [], toolChoice }: NeutralRequest, last: readonly Part[]): readonly Tool[] {
  if (toolChoice === 'none') return [];
  const answered = last.some((part) => part.type === 'tool_result');
  if (typeof toolChoice === 'object') return answered ? [] : tools.filter(({ name }) => name === toolChoice.name);
  // beside results, the user's own text may name the next tools
  const prompt = textOf(last.filter((part) => part.type !== 'tool_result'));
  const named = tools.filter(({ name }) => prompt.includes(name));
  return named.length === 0 && toolChoice === 'required' && !answered ? tools.slice(0, 1) : named;
}

function logprobsOf({ logprobs }: NeutralRequest, parts: readonly Part[]): Pick<Choice, 'logprobs'> {
  if (logprobs === undefined) return {};
  const tokens = parts.flatMap((part) => (part.type === 'text' ? wordsOf(part.text) : []));
  return { logprobs: tokens.map((token) => ({ token, logprob: -0.5, top: logprobs === 0 ? [] : [{ token, logprob: -0.5 }] })) };
}

/** Returns the tokens of a prompt: one per character. */
export const promptTokens = ({ messages }: NeutralRequest): number =>
  messages.reduce((sum, { parts }) => sum + lengthOf(textOf(parts)), 0);

function usageOf(request: NeutralRequest, parts: readonly Part[], choices: number): Usage {
  const reasoning = parts.reduce((sum, part) => sum + (part.type === 'reasoning' ? lengthOf(part.text) : 0), 0);
  const output = parts.reduce((sum, part) => {
    if (part.type === 'text') return sum + lengthOf(part.text);
    return part.type === 'tool_call' ? sum + lengthOf(part.arguments) : sum;
  }, reasoning);
  return {
    inputTokens: promptTokens(request),
    outputTokens: output * choices,
    ...(reasoning === 0 ? {} : { reasoningTokens: reasoning * choices }),
  };
}

const wordsOf = (text: string): string[] => text.match(/\S+\s*|\s+/g) ?? [];

/** Returns the same answer as the events of a stream, one event per word. */
export function* simulateEvents(reply: NeutralReply): Generator<NeutralEvent> {
  const { id, model, createdS, usage } = reply;
  yield { type: 'start', id, model, createdS };
  for (const [choice, { parts, finish, logprobs }] of reply.choices.entries()) {
    let calls = 0;
    const probs = [...(logprobs ?? [])];
    for (const part of parts) {
      switch (part.type) {
        case 'reasoning':
          for (const text of wordsOf(part.text)) yield { type: 'reasoning', choice, text };
          if (part.signature !== undefined) yield { type: 'reasoning', choice, text: '', signature: part.signature };
          break;
        case 'text':
          for (const text of wordsOf(part.text)) {
            const prob = probs.shift();
            yield { type: 'text', choice, text, logprobs: prob && [prob] };
          }
          break;
        case 'tool_call': {
          const call = calls++;
          const { id, name, signature } = part;
          yield { type: 'tool_call', choice, call, id, name, signature };
          for (const text of part.arguments.match(/.{1,8}/gs) ?? []) yield { type: 'tool_arguments', choice, call, text };
          break;
        }
        default:
      }
    }
    yield { type: 'finish', choice, reason: finish };
  }
  if (usage !== undefined) yield { type: 'usage', usage };
}
