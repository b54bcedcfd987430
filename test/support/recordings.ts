import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { DialectName } from '@sluice/core';
import {
  type NormalizedReply,
  normalizeAnthropic,
  normalizeAnthropicStream,
  normalizeConverse,
  normalizeConverseStream,
  normalizeGemini,
  normalizeOpenAi,
  normalizeResponses,
} from './normalized-reply.ts';

/** Folder of real providers' responses, if it exists next to the project. */
const FOLDER = fileURLToPath(new URL('../../../shared/recorded/', import.meta.url));

export interface RecordedFile {
  readonly name: string;
  readonly text: string;
}

/** A recorded completion. */
export interface Recording extends RecordedFile {
  readonly dialect: DialectName;
  readonly streamed: boolean;
  /** A complete response unchanged, or the data of each event of a stream. */
  readonly events: readonly string[];
  readonly reply: NormalizedReply;
}

/**
 * Returns the recorded files: `NAME.json` is a complete response, `NAME.chunks.txt` has the data of a stream's events, one per
 * line. Empty without a folder of recordings.
 */
export function recordedFiles(): RecordedFile[] {
  if (!existsSync(FOLDER)) return [];
  const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((file) => /\.(json|chunks\.txt)$/.test(file));
  return files.sort().map((name) => ({ name, text: readFileSync(`${FOLDER}${name}`, 'utf8') }));
}

// biome-ignore lint/suspicious/noExplicitAny: recordings are read without types, so that the expected result owes nothing to our own readers
type Any = any;

/** Recognizes a recording by its content. Returns undefined for anything but a completion of a supported dialect. */
export function recordingOf(file: RecordedFile): Recording | undefined {
  return file.name.endsWith('.json') ? wholeOf(file) : streamOf(file);
}

function wholeOf(file: RecordedFile): Recording | undefined {
  const value = JSON.parse(file.text) as Any;
  const as = (dialect: DialectName, reply: NormalizedReply): Recording => ({
    ...file,
    dialect,
    streamed: false,
    events: [],
    reply,
  });
  if (value.type === 'message' && value.role === 'assistant') return as('anthropic-messages', normalizeAnthropic(value));
  if (value.choices?.[0]?.message !== undefined) return as('openai-chat', normalizeOpenAi([value], 'message'));
  if (value.object === 'response') return as('openai-responses', normalizeResponses(value));
  if (value.candidates !== undefined) return as('gemini', normalizeGemini([value]));
  if (value.output?.message !== undefined) return as('bedrock-converse', normalizeConverse(value));
  return undefined;
}

function streamOf(file: RecordedFile): Recording | undefined {
  const events = file.text.split('\n').filter((line) => line !== '');
  const chunks = events.map((line) => JSON.parse(line) as Any);
  const as = (dialect: DialectName, reply: NormalizedReply): Recording => ({ ...file, dialect, streamed: true, events, reply });
  if (chunks.some((chunk) => chunk.type === 'message_start')) return as('anthropic-messages', normalizeAnthropicStream(chunks));
  if (chunks.some((chunk) => chunk.choices?.[0]?.delta !== undefined)) return as('openai-chat', normalizeOpenAi(chunks, 'delta'));
  // some recordings hold the responses of several turns in sequence
  const turns = chunks.filter(({ type }) => type === 'response.completed' || type === 'response.incomplete');
  if (turns.length > 0) {
    const output = turns.flatMap(({ response }) => response.output);
    const text = chunks
      .filter(({ type }) => type === 'response.output_text.delta' || type === 'response.refusal.delta')
      .map(({ delta }) => delta)
      .join('');
    return as('openai-responses', { ...normalizeResponses({ ...turns.at(-1).response, output }), text });
  }
  if (chunks.some((chunk) => chunk.candidates !== undefined)) return as('gemini', normalizeGemini(chunks));
  if (chunks.some((chunk) => chunk.contentBlockDelta !== undefined))
    return as('bedrock-converse', normalizeConverseStream(chunks));
  return undefined;
}

/** Returns a stream as its provider sends it, except for Amazon's frames. */
export function wireOf({ dialect, events }: Recording): string {
  switch (dialect) {
    case 'openai-chat':
      return [...events, '[DONE]'].map((data) => `data: ${data}\n\n`).join('');
    case 'gemini':
      return events.map((data) => `data: ${data}\r\n\r\n`).join('');
    default:
      return events.map((data) => `event: ${(JSON.parse(data) as { type: string }).type}\ndata: ${data}\n\n`).join('');
  }
}
