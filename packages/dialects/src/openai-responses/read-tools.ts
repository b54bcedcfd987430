import { defined } from '@sluice/core';
import {
  asString,
  isBoolean,
  isObject,
  type Json,
  type JsonObject,
  needObject,
  needString,
  wrongField,
} from '../neutral/read-json.ts';
import type { ResponseFormat, Tool } from '../neutral/request.ts';
import { type ReadChoice, readAllowed, readCustomTool } from '../openai-chat/read-tools.ts';
import { builtInTool } from './client-tools.ts';
import { joinedName } from './namespaces.ts';

/** Returns whether a tool is client-side, so that it can be offered to a model of any provider. */
export const isClientTool = (tool: JsonObject): boolean =>
  tool['type'] === 'function' || tool['type'] === 'custom' || builtInTool(tool) !== undefined;

export function readTool(tool: JsonObject, at: string): Tool {
  const builtIn = builtInTool(tool);
  if (builtIn !== undefined) {
    const { name, form } = builtIn;
    const schema = isObject(tool['parameters']) ? tool['parameters'] : builtIn.schema;
    return { name, description: asString(tool['description']) ?? builtIn.description, schema, form };
  }
  if (tool['type'] === 'custom') return readCustomTool(tool, at);
  return defined({
    name: needString(tool['name'], `${at}.name`),
    description: asString(tool['description']),
    schema: isObject(tool['parameters']) ? tool['parameters'] : { type: 'object', properties: {} },
    strict: tool['strict'] === true ? true : undefined,
  });
}

export function readToolChoice(value: Json): ReadChoice {
  if (value === undefined || value === null) return {};
  if (value === 'auto' || value === 'none' || value === 'required') return { choice: value };
  if (isObject(value) && value['type'] === 'allowed_tools') return readAllowed(value, nameOf);
  const name = nameOf(value);
  return name === undefined
    ? wrongField('tool_choice', 'auto, none, required, a function or a custom tool')
    : { choice: { name } };
}

/** Returns the name of a tool that a choice refers to; undefined for a tool that only OpenAI has. */
function nameOf(tool: Json): string | undefined {
  if (!isObject(tool)) return undefined;
  const { type, name } = tool;
  if (type !== 'function' && type !== 'custom') return builtInTool(tool)?.name;
  const own = asString(name);
  return own === undefined ? undefined : joinedName(tool['namespace'], own);
}

export function readFormat(value: Json): ResponseFormat | undefined {
  if (value === undefined || value === null) return undefined;
  const format = needObject(value, 'text.format');
  switch (format['type']) {
    case 'text':
      return undefined;
    case 'json_object':
      return { type: 'json' };
    case 'json_schema':
      return defined({
        type: 'schema' as const,
        name: asString(format['name']),
        description: asString(format['description']),
        schema: needObject(format['schema'], 'text.format.schema'),
        strict: isBoolean(format['strict']) ? format['strict'] : undefined,
      });
    default:
      return wrongField('text.format.type', 'text, json_object or json_schema');
  }
}
