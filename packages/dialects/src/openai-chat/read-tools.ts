import { defined } from '@sluice/core';
import { readCacheMark } from '../neutral/cache-mark.ts';
import { FREE_TEXT_SCHEMA } from '../neutral/free-text.ts';
import { type OfferedTools, offeredTools } from '../neutral/own-tools.ts';
import {
  asString,
  isBoolean,
  isObject,
  type Json,
  type JsonObject,
  member,
  needList,
  needObject,
  needString,
  wrongField,
} from '../neutral/read-json.ts';
import type { ResponseFormat, Tool, ToolChoice } from '../neutral/request.ts';

/** A tool choice, and the names of the tools to which it is restricted. */
export interface ReadChoice {
  readonly choice?: ToolChoice;
  readonly allowed?: readonly string[];
}

/** Returns the tools of a request, or the functions of its legacy form. */
export function readOffer(body: JsonObject): OfferedTools | undefined {
  const { tools, functions } = body;
  if (tools !== undefined && tools !== null)
    return offeredTools(tools, ({ type }) => type === 'function' || type === 'custom' || type === undefined);
  if (functions === undefined || functions === null) return undefined;
  const read = needList(functions, 'functions').map((value, n) => ({ tool: { function: value }, at: `functions[${n}]` }));
  return { functions: read, left: [] };
}

export function readTool(tool: JsonObject, at: string): Tool {
  if (tool['type'] === 'custom') return readCustomTool(needObject(tool['custom'], `${at}.custom`), `${at}.custom`);
  const func = needObject(tool['function'], `${at}.function`);
  return defined({
    name: needString(func['name'], `${at}.function.name`),
    description: asString(func['description']),
    schema: isObject(func['parameters']) ? func['parameters'] : { type: 'object', properties: {} },
    strict: isBoolean(func['strict']) ? func['strict'] : undefined,
    ...readCacheMark(tool),
  });
}

/** Reads a tool with free text input. Source: OpenAI's documentation, "Function calling", custom tools. */
export function readCustomTool(custom: JsonObject, at: string): Tool {
  const format = custom['format'];
  // chat completions nest the grammar in its own object
  const grammar = member(format, 'grammar');
  return defined({
    name: needString(custom['name'], `${at}.name`),
    description: asString(custom['description']),
    schema: FREE_TEXT_SCHEMA,
    form: 'custom' as const,
    format: isObject(format) ? (isObject(grammar) ? { type: 'grammar', ...grammar } : format) : undefined,
  });
}

export function readToolChoice(body: JsonObject): ReadChoice {
  const { tool_choice: value, function_call: legacy } = body;
  if (value === undefined || value === null) return readLegacyChoice(legacy);
  if (value === 'auto' || value === 'none' || value === 'required') return { choice: value };
  const allowed = member(value, 'allowed_tools');
  if (isObject(allowed)) return readAllowed(allowed, nameOf);
  const name = nameOf(value);
  return name === undefined
    ? wrongField('tool_choice', 'auto, none, required, a function or a custom tool')
    : { choice: { name } };
}

const nameOf = (tool: Json): string | undefined => asString(member(member(tool, 'function') ?? member(tool, 'custom'), 'name'));

function readLegacyChoice(value: Json): ReadChoice {
  if (value === undefined || value === null) return {};
  if (value === 'auto' || value === 'none') return { choice: value };
  const name = asString(member(value, 'name'));
  return name === undefined ? wrongField('function_call', 'auto, none or a function') : { choice: { name } };
}

/**
 * Reads a choice that allows only some of the tools. A provider without such a choice is offered only these tools.
 *
 * @param nameOf returns undefined for a tool that only OpenAI has and that is not offered to other providers
 */
export function readAllowed(value: JsonObject, nameOf: (tool: Json) => string | undefined): ReadChoice {
  const { mode, tools } = value;
  if (mode !== 'auto' && mode !== 'required') return wrongField('tool_choice.mode', 'auto or required');
  const allowed = needList(tools, 'tool_choice.tools').flatMap((tool) => nameOf(tool) ?? []);
  if (allowed.length === 0) wrongField('tool_choice.tools', 'a list with a function or a custom tool');
  return { choice: mode, allowed };
}

/** Returns the tools that a choice allows. */
export function allowedTools(tools: readonly Tool[] | undefined, { allowed }: ReadChoice): readonly Tool[] | undefined {
  return allowed === undefined ? tools : tools?.filter(({ name }) => allowed.includes(name));
}

export function readFormat(value: Json): ResponseFormat | undefined {
  if (value === undefined || value === null) return undefined;
  const format = needObject(value, 'response_format');
  switch (format['type']) {
    case 'text':
      return undefined;
    case 'json_object':
      return { type: 'json' };
    case 'json_schema': {
      const given = needObject(format['json_schema'], 'response_format.json_schema');
      return defined({
        type: 'schema' as const,
        name: asString(given['name']),
        description: asString(given['description']),
        schema: needObject(given['schema'], 'response_format.json_schema.schema'),
        strict: isBoolean(given['strict']) ? given['strict'] : undefined,
      });
    }
    default:
      return wrongField('response_format.type', 'text, json_object or json_schema');
  }
}
