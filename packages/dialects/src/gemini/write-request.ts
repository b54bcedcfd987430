import type { GenerateContentConfig } from '@google/genai';
import type { WrittenRequest } from '../dialect.ts';
import { InnerJson } from '../neutral/inner-json.ts';
import { unsaidWishes } from '../neutral/openai-fields.ts';
import { cannotSay, defined, isObject, type JsonObject } from '../neutral/read-json.ts';
import type {
  MediaSource,
  Message,
  NeutralRequest,
  Part,
  ReasoningWish,
  Tool,
  ToolChoice,
  ToolResult,
} from '../neutral/request.ts';
import { unseal } from '../neutral/sealed.ts';
import { callIdOf } from './call-id.ts';

const PROVIDER = 'Gemini';

/** The model is in the address, not in the body. */
export function writeRequest(request: NeutralRequest): WrittenRequest {
  const { only, format, reasoning } = request;
  const [refused] = only?.needed ?? [];
  if (refused !== undefined) cannotSay(refused, PROVIDER);
  const dropped = unsaidWishes(request);
  if (request.user !== undefined) dropped.push('user');
  if (request.parallelToolCalls === false) dropped.push('parallel_tool_calls');
  const system = request.messages.filter(({ role }) => role === 'system' || role === 'developer').flatMap(({ parts }) => parts);
  const generationConfig = defined({
    temperature: request.temperature,
    topP: request.topP,
    topK: request.topK,
    candidateCount: request.choices,
    maxOutputTokens: request.maxTokens,
    stopSequences: request.stop,
    presencePenalty: request.presencePenalty,
    frequencyPenalty: request.frequencyPenalty,
    seed: request.seed,
    responseLogprobs: request.logprobs === undefined ? undefined : true,
    logprobs: request.logprobs === undefined || request.logprobs === 0 ? undefined : request.logprobs,
    responseMimeType: format === undefined ? undefined : 'application/json',
    responseJsonSchema: format?.type === 'schema' ? format.schema : undefined,
    thinkingConfig: reasoning === undefined ? undefined : writeThinking(reasoning),
  }) satisfies Partial<Record<keyof GenerateContentConfig, unknown>>;
  const body = defined({
    systemInstruction: system.length === 0 ? undefined : { parts: system.flatMap(writeText) },
    contents: writeContents(request.messages),
    tools: request.tools === undefined ? undefined : [{ functionDeclarations: request.tools.map(writeTool) }],
    toolConfig: request.toolChoice === undefined ? undefined : { functionCallingConfig: writeChoice(request.toolChoice) },
    generationConfig: Object.keys(generationConfig).length === 0 ? undefined : generationConfig,
    serviceTier: writeTier(request.serviceTier, dropped),
  });
  return { body, dropped };
}

/** `auto` and `default` are what is served unasked. */
function writeTier(tier: string | undefined, dropped: string[]): string | undefined {
  if (tier === undefined || tier === 'auto') return undefined;
  if (tier === 'default') return 'standard';
  if (tier === 'flex' || tier === 'priority') return tier;
  dropped.push('service_tier');
  return undefined;
}

function writeThinking({ effort, budgetTokens, show }: ReasoningWish): JsonObject {
  const levels: Readonly<Record<string, string>> = {
    minimal: 'MINIMAL',
    low: 'LOW',
    medium: 'MEDIUM',
    high: 'HIGH',
    xhigh: 'HIGH',
  };
  return defined({
    includeThoughts: show,
    thinkingBudget: budgetTokens ?? (effort === 'none' ? 0 : undefined),
    // the two exclude one another: a budget says it more exactly
    thinkingLevel: budgetTokens !== undefined || effort === undefined ? undefined : levels[effort],
  });
}

function writeTool({ name, description, schema }: Tool): JsonObject {
  return defined({ name, description, parametersJsonSchema: schema });
}

function writeChoice(choice: ToolChoice): JsonObject {
  if (typeof choice === 'object') return { mode: 'ANY', allowedFunctionNames: [choice.name] };
  return { mode: choice === 'required' ? 'ANY' : choice.toUpperCase() };
}

const writeText = (part: Part): JsonObject[] => (part.type === 'text' || part.type === 'refusal' ? [{ text: part.text }] : []);

/** Neighbours of one role are one turn: the results of all calls have to come in one. */
function writeContents(messages: readonly Message[]): JsonObject[] {
  const names = new Map<string, string>();
  const inner = new InnerJson();
  const turns: { role: 'user' | 'model'; parts: JsonObject[] }[] = [];
  for (const { role, parts } of messages) {
    if (role === 'system' || role === 'developer') continue;
    for (const part of parts) if (part.type === 'tool_call') names.set(part.id, part.name);
    const written = role === 'assistant' ? writeModel(parts, inner) : parts.flatMap((part) => writeUser(part, names, inner));
    if (written.length === 0) continue;
    const wire = role === 'assistant' ? 'model' : 'user';
    const last = turns.at(-1);
    if (last?.role === wire) last.parts.push(...written);
    else turns.push({ role: wire, parts: written });
  }
  return turns;
}

/**
 * What the model said before. A thought that only Gemini can read belongs to the part after it, or, where none comes, to the text before it: there
 * Gemini itself had put it.
 */
function writeModel(parts: readonly Part[], inner: InnerJson): JsonObject[] {
  const written: JsonObject[] = [];
  let waiting: string | undefined;
  for (const part of parts) {
    switch (part.type) {
      case 'text':
      case 'refusal':
        if (part.text === '') break;
        written.push(defined({ text: part.text, thoughtSignature: waiting }));
        waiting = undefined;
        break;
      case 'tool_call': {
        const own = part.signature === undefined ? undefined : unseal('gemini', part.signature);
        const functionCall = defined({ id: callIdOf(part.id), name: part.name, args: inner.arguments(part.arguments) });
        written.push(defined({ functionCall, thoughtSignature: own ?? waiting }));
        waiting = undefined;
        break;
      }
      case 'reasoning': {
        const sealed = part.encrypted ?? part.signature;
        const signature = sealed === undefined ? undefined : unseal('gemini', sealed);
        if (signature === undefined) break;
        if (part.encrypted?.startsWith('gemini:') === true) waiting = signature;
        else written.push({ text: part.text, thought: true, thoughtSignature: signature });
        break;
      }
      case 'image':
      case 'audio':
      case 'file':
        written.push(writeMedia(part.source, part.type));
        break;
      case 'tool_result':
        cannotSay("a tool's result in an assistant's message", PROVIDER);
    }
  }
  if (waiting !== undefined) {
    const last = written.findLastIndex((part) => part['text'] !== undefined && part['thought'] !== true);
    if (last !== -1) written[last] = { ...written[last], thoughtSignature: waiting };
  }
  return written;
}

function writeUser(part: Part, names: ReadonlyMap<string, string>, inner: InnerJson): JsonObject[] {
  switch (part.type) {
    case 'text':
    case 'refusal':
      return [{ text: part.text }];
    case 'image':
    case 'audio':
      return [writeMedia(part.source, part.type)];
    case 'file':
      return [writeMedia(part.source, part.type, part.name)];
    case 'tool_result':
      return [writeResult(part, names, inner)];
    default:
      return cannotSay(`a part of type ${part.type} in a user's message`, PROVIDER);
  }
}

function writeResult(result: ToolResult, names: ReadonlyMap<string, string>, inner: InnerJson): JsonObject {
  const name = names.get(result.callId);
  if (name === undefined) {
    return cannotSay(`a result of the call '${result.callId}', which no message before it has`, PROVIDER);
  }
  const text = result.parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
  const media = result.parts.flatMap((part) =>
    part.type === 'image' || part.type === 'audio' || part.type === 'file' ? [writeMedia(part.source, part.type)] : [],
  );
  const value = result.isError === true ? undefined : inner.value(text);
  const response = isObject(value) ? value : result.isError === true ? { error: text } : { result: text };
  return {
    functionResponse: defined({ id: callIdOf(result.callId), name, response, parts: media.length === 0 ? undefined : media }),
  };
}

/** What an address does not say by its ending is taken for the most usual. */
const USUAL_TYPE: Readonly<Record<'image' | 'audio' | 'file', string>> = {
  image: 'image/jpeg',
  audio: 'audio/mpeg',
  file: 'application/pdf',
};
const TYPE_BY_ENDING: Readonly<Record<string, string>> = {
  png: 'image/png',
  webp: 'image/webp',
  gif: 'image/gif',
  heic: 'image/heic',
  wav: 'audio/wav',
  flac: 'audio/flac',
  ogg: 'audio/ogg',
  txt: 'text/plain',
  csv: 'text/csv',
  html: 'text/html',
  mp4: 'video/mp4',
};

function typeOf(url: string, type: 'image' | 'audio' | 'file'): string {
  const ending = /\.([a-z0-9]{2,5})(?:[?#]|$)/i.exec(url)?.[1]?.toLowerCase() ?? '';
  return Object.hasOwn(TYPE_BY_ENDING, ending) ? (TYPE_BY_ENDING[ending] as string) : USUAL_TYPE[type];
}

function writeMedia(source: MediaSource, type: 'image' | 'audio' | 'file', displayName?: string): JsonObject {
  if (source.kind === 'base64') {
    return { inlineData: defined({ mimeType: source.mediaType, data: source.data, displayName }) };
  }
  const fileUri = source.kind === 'url' ? source.url : source.id;
  const mimeType = (source.kind === 'url' ? source.mediaType : undefined) ?? typeOf(fileUri, type);
  return { fileData: defined({ mimeType, fileUri, displayName }) };
}
