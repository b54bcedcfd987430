import { defined } from '@sluice/core';
import { finishReason } from '../failures/reported-error.ts';
import { joinedAudio } from '../neutral/pcm.ts';
import { asList, asNumber, asString, isObject, type Json, type JsonObject, member } from '../neutral/read-json.ts';
import type { Choice, NeutralReply, TokenLogprob } from '../neutral/reply.ts';
import type { Part } from '../neutral/request.ts';
import { trusted } from '../neutral/usage-counts.ts';
import { errorInStream } from '../stream-ends.ts';
import { isUnreadable } from './answer-state.ts';
import { makeCallId } from './call-id.ts';
import { readCitations } from './citations.ts';
import { field } from './fields.ts';
import { readFinish } from './finish.ts';
import { readCall, readMedia, readText } from './read-parts.ts';
import { readUsage } from './usage.ts';

/** Source: Google's API reference, "GenerateContentResponse". @throws LlmError for output that could not be parsed */
export function readReply(body: JsonObject): NeutralReply {
  if (isUnreadable(body)) throw errorInStream(body);
  const id = asString(field(body, 'responseId')) ?? '';
  const candidates = asList(body['candidates']);
  const created = Date.parse(asString(field(body, 'createTime')) ?? '');
  return defined({
    id,
    model: asString(field(body, 'modelVersion')) ?? '',
    createdS: Number.isNaN(created) ? undefined : Math.floor(created / 1_000),
    choices: candidates.length > 0 ? candidates.map((candidate) => readCandidate(candidate, id)) : [blocked(body)],
    usage: trusted(readUsage(field(body, 'usageMetadata'))),
    serviceTier: undefined,
  });
}

/** Reads a response without a candidate: the prompt was blocked. */
function blocked(body: JsonObject): Choice {
  const reason = asString(field(field(body, 'promptFeedback'), 'blockReason'));
  const text = blockText(field(body, 'promptFeedback'));
  return { parts: text === undefined ? [] : [{ type: 'refusal', text }], finish: reason === undefined ? 'stop' : 'refusal' };
}

export function blockText(feedback: Json): string | undefined {
  const reason = asString(field(feedback, 'blockReason'));
  if (reason === undefined) return undefined;
  return asString(field(feedback, 'blockReasonMessage')) ?? `The prompt was blocked (${reason}).`;
}

function readCandidate(candidate: Json, id: string): Choice {
  let calls = 0;
  const parts = asList(member(member(candidate, 'content'), 'parts')).flatMap((part): Part[] => {
    if (!isObject(part)) return [];
    const call = field(part, 'functionCall');
    if (isObject(call)) return [readCall(call, part, makeCallId(id, calls++))];
    const media = readMedia(part);
    return media?.type === 'image' || media?.type === 'audio' ? [media, ...readText(part)] : readText(part);
  });
  const logprobs = readLogprobs(field(candidate, 'logprobsResult'));
  return {
    parts: withCitations(joined(parts), candidate),
    finish: readFinish(finishReason(field(candidate, 'finishReason')) ?? 'STOP', calls > 0),
    logprobs,
  };
}

/** Joins adjacent parts that form a single text or audio. */
function joined(parts: readonly Part[]): Part[] {
  const whole: Part[] = [];
  for (const part of parts) {
    const last = whole.at(-1);
    const audio = part.type === 'audio' && last?.type === 'audio' ? joinedAudio(last.source, part.source) : undefined;
    if (audio !== undefined) whole[whole.length - 1] = { type: 'audio', source: audio };
    else if (part.type === 'text' && last?.type === 'text') whole[whole.length - 1] = { ...last, text: last.text + part.text };
    else whole.push(part);
  }
  return whole;
}

function withCitations(parts: Part[], candidate: Json): Part[] {
  const text = parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
  const citations = readCitations(candidate, text);
  const first = parts.findIndex((part) => part.type === 'text');
  const cited = parts[first];
  if (citations.length === 0 || cited?.type !== 'text') return parts;
  return parts.map((part, n) => (n === first ? { ...cited, citations } : part));
}

export function readLogprobs(value: Json): TokenLogprob[] | undefined {
  const chosen = field(value, 'chosenCandidates');
  if (!Array.isArray(chosen)) return undefined;
  const top = asList(field(value, 'topCandidates'));
  const one = (token: Json) => ({
    token: asString(member(token, 'token')) ?? '',
    logprob: asNumber(field(token, 'logProbability')) ?? 0,
  });
  return chosen.map((token: Json, n) => ({ ...one(token), top: asList(member(top[n], 'candidates')).map(one) }));
}
