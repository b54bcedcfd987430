import { ownToolName } from '../neutral/own-tools.ts';
import {
  asString,
  defined,
  isBoolean,
  isNumber,
  isObject,
  isString,
  type Json,
  type JsonObject,
  needList,
  needObject,
  needString,
  optional,
  wrongField,
} from '../neutral/read-json.ts';
import type {
  Effort,
  Message,
  NeutralRequest,
  Part,
  ReasoningWish,
  ResponseFormat,
  Tool,
  ToolChoice,
} from '../neutral/request.ts';
import { makeCallId } from './call-id.ts';
import { camelCase, field } from './fields.ts';
import { readCall, readMedia, readText } from './read-parts.ts';
import { jsonSchemaOf } from './schema.ts';

/** Fields of a request that the neutral form says, and those of its `generationConfig`. */
const SAID: ReadonlySet<string> = new Set([
  'contents',
  'systemInstruction',
  'tools',
  'toolConfig',
  'generationConfig',
  'serviceTier',
]);
const CONFIG_SAID: ReadonlySet<string> = new Set([
  'candidateCount',
  'frequencyPenalty',
  'logprobs',
  'maxOutputTokens',
  'presencePenalty',
  'responseJsonSchema',
  'responseLogprobs',
  'responseMimeType',
  'responseSchema',
  'seed',
  'stopSequences',
  'temperature',
  'thinkingConfig',
  'topK',
  'topP',
]);
/** Fields that no other dialect can say, and that are no more than a wish. */
const WISHED: ReadonlySet<string> = new Set([
  'labels',
  'safetySettings',
  'store',
  'audioTimestamp',
  'enableEnhancedCivicAnswers',
  'mediaResolution',
  'modelArmorConfig',
  'routingConfig',
]);

const OWN_TOOLS = ['executableCode', 'codeExecutionResult', 'toolCall', 'toolResponse'] as const;
const LEVELS: Readonly<Record<string, Effort>> = { MINIMAL: 'minimal', LOW: 'low', MEDIUM: 'medium', HIGH: 'high' };
const MODES: Readonly<Record<string, ToolChoice>> = { AUTO: 'auto', VALIDATED: 'auto', ANY: 'required', NONE: 'none' };

/** Source: Google's API reference, "generateContent". */
export function readRequest(body: JsonObject): NeutralRequest {
  const config = optional(field(body, 'generationConfig'), 'generationConfig', isObject, 'an object') ?? {};
  const unsaid = [...namesOf(body, SAID), ...namesOf(config, CONFIG_SAID).filter((name) => !isTextAlone(name, config))];
  const needed = unsaid.filter((name) => !WISHED.has(name));
  const offered = readTools(body['tools']);
  const wished = [...unsaid.filter((name) => WISHED.has(name)), ...offered.left];
  const number = (name: string) => optional(field(config, name), `generationConfig.${name}`, isNumber, 'a number');
  const stop = field(config, 'stopSequences');
  const system = field(body, 'systemInstruction');
  const messages = readContents(needList(body['contents'], 'contents'));
  if (system !== undefined) messages.unshift({ role: 'system', parts: readSystem(system) });
  return defined({
    messages,
    tools: offered.tools.length === 0 ? undefined : offered.tools,
    toolChoice: readChoice(field(field(body, 'toolConfig'), 'functionCallingConfig')),
    maxTokens: number('maxOutputTokens'),
    temperature: number('temperature'),
    topP: number('topP'),
    topK: number('topK'),
    stop:
      stop === undefined
        ? undefined
        : needList(stop, 'generationConfig.stopSequences').map((one) => needString(one, 'generationConfig.stopSequences')),
    presencePenalty: number('presencePenalty'),
    frequencyPenalty: number('frequencyPenalty'),
    seed: number('seed'),
    logprobs: field(config, 'responseLogprobs') === true ? (number('logprobs') ?? 0) : undefined,
    choices: number('candidateCount'),
    format: readFormat(config),
    reasoning: readThinking(field(config, 'thinkingConfig')),
    serviceTier: readTier(asString(field(body, 'serviceTier'))),
    only: needed.length + wished.length === 0 ? undefined : { needed, wished },
  });
}

/** `standard` is OpenAI's `default`. */
const readTier = (tier: string | undefined): string | undefined => (tier === 'standard' ? 'default' : tier);

const namesOf = (value: JsonObject, said: ReadonlySet<string>): string[] =>
  Object.keys(value)
    .filter((name) => value[name] !== null)
    .map(camelCase)
    .filter((name) => !said.has(name));

/** To ask for text is to ask for what every other dialect answers. */
function isTextAlone(name: string, config: JsonObject): boolean {
  const value = field(config, name);
  return name === 'responseModalities' && Array.isArray(value) && value.every((one) => one === 'TEXT');
}

function readSystem(value: Json): Part[] {
  if (isString(value)) return [{ type: 'text', text: value }];
  return readParts(needObject(value, 'systemInstruction'), 'systemInstruction', new Calls());
}

/** Gives the calls of a conversation their ids, where Gemini left them out, and finds the call that a result is of. */
class Calls {
  #count = 0;
  /** The ids of each function's calls that have no result yet. */
  readonly #open = new Map<string, string[]>();

  call(name: string, id: string | undefined): string {
    const known = id ?? makeCallId('turn', this.#count++);
    this.#open.set(name, [...(this.#open.get(name) ?? []), known]);
    return known;
  }

  result(name: string, id: string | undefined): string {
    const open = this.#open.get(name) ?? [];
    const of = id ?? open[0] ?? makeCallId('turn', this.#count++);
    this.#open.set(
      name,
      open.filter((one) => one !== of),
    );
    return of;
  }
}

function readContents(contents: readonly Json[]): Message[] {
  const calls = new Calls();
  return contents.map((value, n): Message => {
    const at = `contents[${n}]`;
    const content = needObject(value, at);
    const role = content['role'] ?? 'user';
    if (role !== 'user' && role !== 'model' && role !== 'function') return wrongField(`${at}.role`, 'user or model');
    return { role: role === 'model' ? 'assistant' : 'user', parts: readParts(content, at, calls) };
  });
}

function readParts(content: JsonObject, at: string, calls: Calls): Part[] {
  const parts = content['parts'];
  if (isObject(parts)) return readPart(parts, `${at}.parts`, calls);
  return needList(parts, `${at}.parts`).flatMap((part, n) => {
    const where = `${at}.parts[${n}]`;
    return readPart(needObject(part, where), where, calls);
  });
}

function readPart(part: JsonObject, at: string, calls: Calls): Part[] {
  if (isString(part['text'])) return readText(part);
  const call = field(part, 'functionCall');
  if (isObject(call)) {
    const id = calls.call(needString(call['name'], `${at}.functionCall.name`), asString(call['id']));
    return [readCall(call, part, id)];
  }
  const result = field(part, 'functionResponse');
  if (isObject(result)) {
    const callId = calls.result(needString(result['name'], `${at}.functionResponse.name`), asString(result['id']));
    return [readResult(result, callId)];
  }
  const media = readMedia(part);
  if (media !== undefined) return [media];
  // what Gemini's own tools did in a turn before is left away as it is in an answer
  if (OWN_TOOLS.some((name) => field(part, name) !== undefined)) return [];
  return wrongField(
    at,
    'text, inlineData, fileData, functionCall or functionResponse, for a model whose provider speaks another dialect',
  );
}

/** What a function gave back: an object, which by custom has its words in `result` or `output`, or in `error`. */
function readResult(result: JsonObject, callId: string): Part {
  const response = result['response'];
  const names = isObject(response) ? Object.keys(response) : [];
  const [only] = names.length === 1 ? names : [];
  const value = only === undefined || !isObject(response) ? undefined : response[only];
  const plain = isString(value) && (only === 'result' || only === 'output' || only === 'error');
  const text = plain ? (value as string) : JSON.stringify(response ?? {});
  const parts = field(result, 'parts');
  const media = Array.isArray(parts) ? parts.flatMap((part) => (isObject(part) ? (readMedia(part) ?? []) : [])) : [];
  return {
    type: 'tool_result',
    callId,
    parts: [...(text === '' ? [] : [{ type: 'text' as const, text }]), ...media],
    ...(only === 'error' ? { isError: true } : {}),
  };
}

/** One entry may hold functions and tools of Google's own, each under a name of its own. */
function readTools(value: Json): { tools: Tool[]; left: string[] } {
  if (value === undefined || value === null) return { tools: [], left: [] };
  const entries = needList(value, 'tools').map((one, n) => ({ tool: needObject(one, `tools[${n}]`), at: `tools[${n}]` }));
  const tools = entries.flatMap(({ tool, at }) =>
    needList(field(tool, 'functionDeclarations') ?? [], `${at}.functionDeclarations`).map((declared, m) =>
      readTool(needObject(declared, `${at}.functionDeclarations[${m}]`), `${at}.functionDeclarations[${m}]`),
    ),
  );
  const own = entries.flatMap(({ tool, at }) =>
    Object.keys(tool)
      .map(camelCase)
      .filter((name) => name !== 'functionDeclarations')
      .map((name) => ({ name, at })),
  );
  const [first] = own;
  if (tools.length === 0 && first !== undefined) {
    wrongField(`${first.at}.${first.name}`, 'beside functionDeclarations, for a model whose provider speaks another dialect');
  }
  return { tools, left: own.map(({ name }) => ownToolName(name)) };
}

function readTool(func: JsonObject, at: string): Tool {
  return defined({
    name: needString(func['name'], `${at}.name`),
    description: asString(func['description']),
    schema: jsonSchemaOf(field(func, 'parametersJsonSchema') ?? func['parameters']),
  });
}

function readChoice(config: Json): ToolChoice | undefined {
  const mode = asString(field(config, 'mode'));
  if (mode === undefined) return undefined;
  const choice = Object.hasOwn(MODES, mode) ? MODES[mode] : undefined;
  if (choice === undefined)
    return mode === 'MODE_UNSPECIFIED'
      ? undefined
      : wrongField('toolConfig.functionCallingConfig.mode', 'AUTO, ANY, NONE or VALIDATED');
  const allowed = field(config, 'allowedFunctionNames');
  if (!Array.isArray(allowed) || allowed.length === 0) return choice;
  if (choice === 'required' && allowed.length === 1)
    return { name: needString(allowed[0], 'toolConfig.functionCallingConfig.allowedFunctionNames[0]') };
  return wrongField(
    'toolConfig.functionCallingConfig.allowedFunctionNames',
    'one name with the mode ANY, for a provider of another dialect',
  );
}

function readFormat(config: JsonObject): ResponseFormat | undefined {
  const type = optional(field(config, 'responseMimeType'), 'generationConfig.responseMimeType', isString, 'a string');
  const schema = field(config, 'responseJsonSchema') ?? field(config, 'responseSchema');
  if (isObject(schema)) return { type: 'schema', schema: jsonSchemaOf(schema) };
  if (type === undefined || type === 'text/plain') return undefined;
  if (type === 'application/json') return { type: 'json' };
  return wrongField('generationConfig.responseMimeType', 'text/plain or application/json');
}

function readThinking(value: Json): ReasoningWish | undefined {
  if (!isObject(value)) return undefined;
  const level = asString(field(value, 'thinkingLevel'))?.toUpperCase();
  const effort = level === undefined || !Object.hasOwn(LEVELS, level) ? undefined : LEVELS[level];
  const show = field(value, 'includeThoughts');
  return defined({
    effort,
    budgetTokens: optional(
      field(value, 'thinkingBudget'),
      'generationConfig.thinkingConfig.thinkingBudget',
      isNumber,
      'a number',
    ),
    show: isBoolean(show) ? show : undefined,
  });
}
