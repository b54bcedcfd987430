import { defined } from '@sluice/core';
import { argumentsOfText, FREE_TEXT_SCHEMA, freeText } from '../neutral/free-text.ts';
import { asList, asString, isObject, type Json, type JsonObject, parseJson } from '../neutral/read-json.ts';
import type { ToolCall, ToolForm } from '../neutral/request.ts';
import { joinedName, nameParts } from './namespaces.ts';

/** A client-side tool of this dialect, which models of other providers get as a function. */
interface ClientTool {
  readonly form: ToolForm;
  /** Item type of its calls. */
  readonly call: string;
  /** Item type of its outputs; by default the type of the calls with `_output`. */
  readonly output?: string;
  readonly idPrefix: string;
  /** Name and description of the function; a custom tool has its own. */
  readonly name: string;
  readonly description: string;
  readonly schema: JsonObject;
  /** Returns the arguments of a function call as JSON text. */
  readonly read: (item: JsonObject) => string;
  /** Returns the members of an item. */
  readonly write: (call: ToolCall) => JsonObject;
}

const strings = { type: 'array', items: { type: 'string' } };
const object = (properties: JsonObject, required: readonly string[]): JsonObject => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});

const argumentsOf = (call: ToolCall): JsonObject => {
  const value = parseJson(call.arguments);
  return isObject(value) ? value : {};
};

const CUSTOM: ClientTool = {
  form: 'custom',
  call: 'custom_tool_call',
  idPrefix: 'ctc',
  name: '',
  description: '',
  schema: FREE_TEXT_SCHEMA,
  read: ({ input }) => argumentsOfText(asString(input) ?? ''),
  write: ({ name, arguments: text }) => ({ ...nameParts(name), input: freeText(text) }),
};

/** Sources: OpenAI's documentation, "Local shell", "Shell", "Apply patch" and "Tool search". */
const BUILT_IN: readonly ClientTool[] = [
  {
    form: 'local_shell',
    call: 'local_shell_call',
    idPrefix: 'lsh',
    name: 'local_shell',
    description: 'Runs a command in a shell on the computer of the user.',
    schema: object(
      {
        command: { ...strings, description: 'The program and its arguments.' },
        working_directory: { type: 'string' },
        timeout_ms: { type: 'integer' },
        env: { type: 'object', additionalProperties: { type: 'string' } },
      },
      ['command'],
    ),
    read: ({ action }) => JSON.stringify(isObject(action) ? without(action, 'type') : {}),
    write: (call) => ({ action: { type: 'exec', env: {}, ...argumentsOf(call), command: texts(argumentsOf(call)['command']) } }),
  },
  {
    form: 'shell',
    call: 'shell_call',
    idPrefix: 'sh',
    name: 'shell',
    description: 'Runs commands in a shell on the computer of the user.',
    schema: object(
      {
        commands: { ...strings, description: 'Commands, each a line of the shell.' },
        timeout_ms: { type: 'integer' },
        max_output_length: { type: 'integer' },
      },
      ['commands'],
    ),
    read: ({ action }) => JSON.stringify(isObject(action) ? action : {}),
    write: (call) => {
      const { commands, timeout_ms = null, max_output_length = null } = argumentsOf(call);
      return { action: { commands: texts(commands), timeout_ms, max_output_length }, environment: { type: 'local' } };
    },
  },
  {
    form: 'apply_patch',
    call: 'apply_patch_call',
    idPrefix: 'apc',
    name: 'apply_patch',
    description: 'Creates, updates or deletes one file.',
    schema: object(
      {
        type: { type: 'string', enum: ['create_file', 'update_file', 'delete_file'] },
        path: { type: 'string' },
        diff: {
          type: 'string',
          description:
            'For create_file and update_file, a diff without a header of files: sections begin with @@, and lines with a space, + or -. Of a new file, each line begins with +.',
        },
      },
      ['type', 'path'],
    ),
    read: ({ operation }) => JSON.stringify(isObject(operation) ? operation : {}),
    write: (call) => ({ operation: defined({ ...argumentsOf(call) }) }),
  },
  {
    form: 'tool_search',
    call: 'tool_search_call',
    output: 'tool_search_output',
    idPrefix: 'tsc',
    name: 'tool_search',
    description: 'Finds further tools, which can be called after it.',
    schema: object({ query: { type: 'string', description: 'What the tools are to do.' } }, ['query']),
    read: ({ arguments: given }) => JSON.stringify(isObject(given) ? given : {}),
    write: (call) => ({ execution: 'client', arguments: argumentsOf(call) }),
  },
];

const ALL = [CUSTOM, ...BUILT_IN];

const without = (value: JsonObject, name: string): JsonObject =>
  Object.fromEntries(Object.entries(value).filter(([key]) => key !== name));

const texts = (value: Json): string[] =>
  typeof value === 'string' ? [value] : asList(value).filter((one) => typeof one === 'string');

/** Returns a client-side tool of OpenAI; undefined for a tool that OpenAI runs in its own container. */
export function builtInTool({ type, environment, execution }: JsonObject): ClientTool | undefined {
  const isOpenAis = type === 'tool_search' ? execution !== 'client' : isRemote(environment);
  return isOpenAis ? undefined : BUILT_IN.find(({ form }) => form === type);
}

export const toolOfCall = (type: Json): ClientTool | undefined => ALL.find(({ call }) => call === type);
/** Returns whether OpenAI ran a tool that is otherwise client-side. Such an item has no equivalent in other dialects. */
export function isOfServer({ type, execution, call_id, environment }: JsonObject): boolean {
  if (type === 'tool_search_call' || type === 'tool_search_output') return execution === 'server' || typeof call_id !== 'string';
  return type === 'shell_call' && isRemote(environment);
}

const isRemote = (environment: Json): boolean => isObject(environment) && environment['type'] !== 'local';
export const toolOfOutput = (type: Json): ClientTool | undefined =>
  ALL.find(({ call, output = `${call}_output` }) => output === type);
export const toolOfForm = (form: ToolForm): ClientTool => ALL.find((tool) => tool.form === form) ?? CUSTOM;

/** Reads a call of a client-side tool; undefined for another item. */
export function readClientCall(item: JsonObject): ToolCall | undefined {
  const tool = toolOfCall(item['type']);
  if (tool === undefined) return undefined;
  const id = asString(item['call_id']) ?? asString(item['id']) ?? '';
  const name = tool.form === 'custom' ? joinedName(item['namespace'], asString(item['name']) ?? '') : tool.name;
  return { type: 'tool_call', id, name, arguments: tool.read(item), form: tool.form };
}
