import type { ServerResponse } from 'node:http';
import type { Answer } from '../support/ask.ts';
import { DONE, piece, ROLE, STOP, usageChunk } from '../support/chunks.ts';
import { whole } from '../support/scripted-upstream.ts';

/** The text of the second, healthy provider, and of the first if it works. */
export const WORDS = ['All', ' is', ' well', ' that', ' ends', ' well.'];
export const EXPECTED = WORDS.join('');
export const STREAM = ROLE + WORDS.map(piece).join('') + STOP + usageChunk(5, 6) + DONE;
export const wholeOf = (model: string): string =>
  JSON.stringify({
    id: 'c',
    object: 'chat.completion',
    created: 1,
    model,
    choices: [{ index: 0, message: { role: 'assistant', content: EXPECTED }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 5, completion_tokens: 6, total_tokens: 11 },
  });

export type Respond = (response: ServerResponse) => void;
export const status =
  (code: number, headers: Record<string, string> = {}, body = '{"error":{"message":"no","code":null}}'): Respond =>
  (response) =>
    whole(body, code, headers)(response);
export const streamOf =
  (text: string, end: (response: ServerResponse) => void = (response) => void response.end()): Respond =>
  (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(text, () => end(response));
  };
export const reset = (response: ServerResponse): void => void response.socket?.resetAndDestroy();
export const never: Respond = () => {};
export const HALF = ROLE + WORDS.slice(0, 3).map(piece).join('');

/** The result of a call, as its client and the first of the two providers saw it. */
export interface Tried {
  readonly answer: Answer;
  readonly tookMs: number;
  /** Times of the calls to the first provider, in milliseconds after the client's call began. */
  readonly asked: readonly number[];
}

export interface Scenario {
  readonly id: string;
  readonly what: string;
  /** Responses of the first provider, in order. The second provider always succeeds. */
  readonly first: readonly Respond[] | 'refused connections';
  readonly stream?: boolean;
  /** The status of the provider's own refusal, if the client must receive the refusal instead of a response. */
  readonly refusal?: number;
  /** Number of calls, made one after the other. */
  readonly calls?: number;
  /** Whether the calls stayed within the allowed time and number of attempts. */
  readonly within?: (tried: readonly Tried[]) => boolean;
}

export type Verdict = 'pass' | 'partial' | 'safe' | 'fail';

/** Returns what a client reads from a response: its text, an error, or neither if the stream is incomplete. */
export function readBy({ status, text, json }: Answer): { content?: string; error?: boolean } {
  if (status !== 200) return { error: true };
  if (!text.startsWith('data:') && !text.startsWith('event:')) {
    const choices = json['choices'] as { message: { content: string } }[] | undefined;
    return choices === undefined ? {} : { content: choices[0]?.message.content ?? '' };
  }
  let content = '';
  let whole = false;
  for (const event of text.split('\n\n')) {
    const data = /^data: (.*)$/m.exec(event)?.[1];
    if (data === undefined || data === '[DONE]') continue;
    let value: Record<string, unknown>;
    try {
      value = JSON.parse(data) as Record<string, unknown>;
    } catch {
      continue;
    }
    if (value['error'] !== undefined) return { error: true };
    // the client discards the text before this event
    if (value['fallback_restart'] === true) content = '';
    const [choice] = (value['choices'] ?? []) as { delta?: { content?: string }; finish_reason?: string }[];
    content += choice?.delta?.content ?? '';
    if (choice?.finish_reason === 'stop') whole = true;
  }
  return whole ? { content } : {};
}

export function judge({ refusal, within = () => true }: Scenario, tried: readonly Tried[]): Verdict {
  const verdicts = tried.map(({ answer }): Verdict => {
    if (refusal !== undefined) return answer.status === refusal ? 'pass' : answer.status === 200 ? 'fail' : 'safe';
    const { content, error } = readBy(answer);
    if (error === true) return 'safe';
    return content === EXPECTED ? 'pass' : 'fail';
  });
  if (verdicts.includes('fail')) return 'fail';
  if (verdicts.includes('safe')) return 'safe';
  return within(tried) ? 'pass' : 'partial';
}
