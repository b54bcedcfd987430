import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { asLlmError, LlmError } from '@sluice/core';
import { DIALECTS, type JsonObject, type NeutralReply } from '@sluice/dialects';
import { SIMULATED_CREATED_S, type SimulatedAnswer, simulatedAnswer } from '@sluice/providers';
import type { Behaviour } from './behaviour.ts';
import { contentTypeOf, framed } from './frames.ts';
import type { JournalEntry } from './journal.ts';
import type { Question } from './question.ts';
import { scripted } from './script/scripted.ts';
import type { StoredResponses } from './stored-responses.ts';
import { refusalOf } from './strict/check.ts';
import { signed } from './strict/signatures.ts';

const DRIP_MS = 5;

/** A parsed request. */
export interface SimulatorRequest {
  readonly question: Question;
  readonly body: JsonObject;
  readonly behaviour: Behaviour;
  readonly kept: StoredResponses;
}

/** Answers one request according to its behaviour, and records the outcome in the journal entry. */
export async function answer(response: ServerResponse, asked: SimulatorRequest, entry: JournalEntry): Promise<void> {
  const disconnected = new AbortController();
  response.on('close', () => {
    if (!response.writableFinished && entry.outcome === 'pending') entry.outcome = 'abandoned';
    disconnected.abort();
  });
  try {
    await answerOrFail(response, asked, entry, disconnected.signal);
  } catch (error) {
    if (!disconnected.signal.aborted) throw error;
  }
}

async function answerOrFail(
  response: ServerResponse,
  { question, body: sent, behaviour, kept }: SimulatorRequest,
  entry: JournalEntry,
  disconnected: AbortSignal,
): Promise<void> {
  const { fault, latencyMs, status, retryAfter } = behaviour;
  if (fault === 'hang') return;
  if (latencyMs > 0) await sleep(latencyMs, undefined, { signal: disconnected });
  if (fault === 'reset-before') {
    entry.outcome = 'broken';
    response.socket?.resetAndDestroy();
    return;
  }
  if (retryAfter !== undefined) response.setHeader('retry-after', retryAfter);
  if (status !== undefined) {
    entry.outcome = 'refused';
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(refusal(question, new LlmError('upstream_error', `simulated status ${status}`)));
    return;
  }
  if (fault === 'html' || fault === 'empty' || fault === 'redirect') {
    entry.outcome = 'broken';
    const location = fault === 'redirect' ? { location: 'http://127.0.0.1:1/elsewhere' } : {};
    response.writeHead(fault === 'redirect' ? 302 : 200, { 'content-type': 'text/html', ...location });
    response.end(fault === 'html' ? '<!doctype html><title>Welcome</title>' : '');
    return;
  }
  const { strict } = behaviour;
  const expanded = question.dialect === 'openai-responses' ? kept.expand(sent) : sent;
  const body = expanded ?? sent;
  const refused = strict === undefined ? undefined : refusalOf(strict, question, expanded);
  if (refused !== undefined) {
    entry.outcome = 'refused';
    response.writeHead(refused.status, { 'content-type': 'application/json' }).end(refused.body);
    return;
  }
  let simulated: SimulatedAnswer;
  try {
    const context = contextOf(question, entry);
    simulated = simulatedAnswer({
      ...question,
      body,
      context,
      shape: (reply) => shaped(reply, { question, body, behaviour, kept }),
    });
    if (question.dialect === 'openai-responses') kept.keep(body, simulated.whole);
  } catch (thrown) {
    const error = asLlmError(thrown);
    entry.outcome = 'refused';
    response.writeHead(error.status, { 'content-type': 'application/json' }).end(refusal(question, error));
    return;
  }
  if (question.stream) await stream(response, question, simulated, behaviour, disconnected, entry);
  else await whole(response, simulated.whole, fault, disconnected);
  if (disconnected.aborted && !response.writableFinished) return;
  const broken = fault !== undefined && fault !== 'drip' && fault !== 'no-done';
  entry.outcome = broken ? 'broken' : 'answered';
  if (broken) return;
  const { usage } = simulated;
  if (usage === undefined) return;
  entry.usage = usage;
  const { price } = behaviour;
  if (price !== undefined) entry.costUsd = (usage.inputTokens * price.input + usage.outputTokens * price.output) / 1_000_000;
}

/** Replaces a reply's content by its script's round, and signs it as its family does. */
function shaped(
  reply: NeutralReply,
  { question: { dialect }, body, behaviour: { strict, script } }: SimulatorRequest,
): NeutralReply {
  const played = script === true ? scripted(DIALECTS[dialect].readRequest(body), reply) : reply;
  return strict === undefined ? played : signed(strict, dialect, played);
}

const contextOf = ({ model, frames, streamUsage }: Question, entry: JournalEntry) => ({
  model,
  id: `simulated-${entry.n}`,
  createdS: SIMULATED_CREATED_S,
  streamUsage,
  framing: frames === 'json-array' ? frames : ('sse' as const),
});

/** Renders an error in the dialect of the request. OpenAI's error has a type that identifies the simulator. */
function refusal({ dialect }: Question, error: LlmError): string {
  if (dialect !== 'openai-chat' || error.code !== 'upstream_error') return DIALECTS[dialect].renderError(error);
  return JSON.stringify({ error: { message: error.message, type: 'simulated', param: null, code: 'simulated' } });
}

async function whole(
  response: ServerResponse,
  text: string,
  fault: Behaviour['fault'],
  disconnected: AbortSignal,
): Promise<void> {
  const half = text.slice(0, text.length / 2);
  response.setHeader('content-type', 'application/json');
  switch (fault) {
    case 'reset-after':
      response.setHeader('content-length', Buffer.byteLength(text));
      response.write(half, () => response.socket?.resetAndDestroy());
      return;
    case 'truncated':
    case 'malformed':
      await end(response, half);
      return;
    case 'drip':
      for (const character of text) {
        response.write(character);
        await sleep(DRIP_MS, undefined, { signal: disconnected });
      }
      await end(response, '');
      return;
    default:
      await end(response, text);
  }
}

async function stream(
  response: ServerResponse,
  { dialect, frames }: Question,
  simulated: SimulatedAnswer,
  behaviour: Behaviour,
  disconnected: AbortSignal,
  entry: JournalEntry,
): Promise<void> {
  const { fault, tokensPerSecond } = behaviour;
  const events = simulated.events();
  const middle = Math.ceil(events.length / 2);
  response.writeHead(200, { 'content-type': contentTypeOf(frames), 'cache-control': 'no-cache' });
  for (const [n, event] of events.entries()) {
    if (n > 0 && tokensPerSecond !== undefined) await sleep(1_000 / tokensPerSecond, undefined, { signal: disconnected });
    if (n === middle) {
      if (fault === 'reset-after') {
        response.socket?.resetAndDestroy();
        return;
      }
      if (fault === 'truncated') break;
      if (fault === 'malformed') response.write('data: {"choices":[{"delta":{"content":"bro\n\n');
      if (fault === 'error-event') {
        const error = new LlmError('upstream_error', 'simulated');
        const framing = frames === 'json-array' ? frames : 'sse';
        response.write(framed(DIALECTS[dialect].renderStreamError(error, { requestId: '', framing, begun: n > 0 }), frames));
        break;
      }
    }
    if (fault === 'no-done' && event.includes('[DONE]')) continue;
    if (fault === 'malformed' && n >= middle) continue;
    if (fault === 'drip') {
      for (const byte of framed(event, frames)) {
        response.write(Buffer.of(byte));
        await sleep(1, undefined, { signal: disconnected });
      }
    } else {
      response.write(framed(event, frames));
    }
    entry.events = n + 1;
  }
  await end(response, '');
}

function end(response: ServerResponse, text: string): Promise<void> {
  return new Promise((resolve) => {
    response.end(text, () => resolve());
  });
}
