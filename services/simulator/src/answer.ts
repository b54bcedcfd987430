import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { SimulatedAnswer } from '@sluice/providers';
import type { Behaviour } from './behaviour.ts';
import type { JournalEntry } from './journal.ts';

const DRIP_MS = 5;

/** Answers one request as the behaviour says, and writes into the entry what became of it. */
export async function answer(response: ServerResponse, behaviour: Behaviour, entry: JournalEntry): Promise<void> {
  const left = new AbortController();
  response.on('close', () => {
    if (!response.writableFinished && entry.outcome === 'pending') entry.outcome = 'left';
    left.abort();
  });
  try {
    await answerOrFail(response, behaviour, entry, left.signal);
  } catch (error) {
    if (!left.signal.aborted) throw error;
  }
}

async function answerOrFail(
  response: ServerResponse,
  behaviour: Behaviour,
  entry: JournalEntry,
  left: AbortSignal,
): Promise<void> {
  const { fault, latencyMs, status, retryAfter } = behaviour;
  if (fault === 'hang') return;
  if (latencyMs > 0) await sleep(latencyMs, undefined, { signal: left });
  if (fault === 'reset-before') {
    entry.outcome = 'broken';
    response.socket?.resetAndDestroy();
    return;
  }
  if (retryAfter !== undefined) response.setHeader('retry-after', retryAfter);
  if (status !== undefined) {
    entry.outcome = 'refused';
    const error = { message: `simulated status ${status}`, type: 'simulated', param: null, code: 'simulated' };
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error }));
    return;
  }
  if (fault === 'html' || fault === 'empty' || fault === 'redirect') {
    entry.outcome = 'broken';
    const location = fault === 'redirect' ? { location: 'http://127.0.0.1:1/elsewhere' } : {};
    response.writeHead(fault === 'redirect' ? 302 : 200, { 'content-type': 'text/html', ...location });
    response.end(fault === 'html' ? '<!doctype html><title>Welcome</title>' : '');
    return;
  }
  const simulated = new SimulatedAnswer(Buffer.from(entry.body), `simulated-${entry.n}`);
  if (simulated.streamed) await stream(response, simulated, behaviour, left);
  else await whole(response, simulated.whole(), fault, left);
  if (left.aborted && !response.writableFinished) return;
  const broken = fault !== undefined && fault !== 'drip' && fault !== 'no-done';
  entry.outcome = broken ? 'broken' : 'answered';
  if (broken) return;
  entry.usage = simulated.usage;
  const { price } = behaviour;
  if (price !== undefined) {
    entry.costUsd = (simulated.usage.inputTokens * price.input + simulated.usage.outputTokens * price.output) / 1_000_000;
  }
}

async function whole(response: ServerResponse, text: string, fault: Behaviour['fault'], left: AbortSignal): Promise<void> {
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
        await sleep(DRIP_MS, undefined, { signal: left });
      }
      await end(response, '');
      return;
    default:
      await end(response, text);
  }
}

async function stream(
  response: ServerResponse,
  simulated: SimulatedAnswer,
  behaviour: Behaviour,
  left: AbortSignal,
): Promise<void> {
  const { fault, tokensPerSecond } = behaviour;
  const events = simulated.events();
  const middle = Math.ceil(events.length / 2);
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
  for (const [n, event] of events.entries()) {
    if (n > 0 && tokensPerSecond !== undefined) await sleep(1_000 / tokensPerSecond, undefined, { signal: left });
    if (n === middle) {
      if (fault === 'reset-after') {
        response.socket?.resetAndDestroy();
        return;
      }
      if (fault === 'truncated') break;
      if (fault === 'malformed') response.write('data: {"choices":[{"delta":{"content":"bro\n\n');
      if (fault === 'error-event') {
        response.write('data: {"error":{"message":"simulated","type":"server_error","param":null,"code":null}}\n\n');
        break;
      }
    }
    if (fault === 'no-done' && event.includes('[DONE]')) continue;
    if (fault === 'malformed' && n >= middle) continue;
    if (fault === 'drip') {
      for (const byte of Buffer.from(event)) {
        response.write(Buffer.of(byte));
        await sleep(1, undefined, { signal: left });
      }
    } else {
      response.write(event);
    }
  }
  await end(response, '');
}

function end(response: ServerResponse, text: string): Promise<void> {
  return new Promise((resolve) => {
    response.end(text, () => resolve());
  });
}
