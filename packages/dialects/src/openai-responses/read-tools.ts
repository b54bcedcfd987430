import {
  asString,
  defined,
  isBoolean,
  isObject,
  type Json,
  type JsonObject,
  member,
  needObject,
  needString,
  wrongField,
} from '../neutral/read-json.ts';
import type { ResponseFormat, Tool } from '../neutral/request.ts';
import { type ReadChoice, readAllowed } from '../openai-chat/read-tools.ts';

export function readTool(tool: JsonObject, at: string): Tool {
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
  if (isObject(value) && value['type'] === 'allowed_tools') return readAllowed(value, (tool) => member(tool, 'name'));
  const name = member(value, 'type') === 'function' ? asString(member(value, 'name')) : undefined;
  return name === undefined ? wrongField('tool_choice', 'auto, none, required or a function') : { choice: { name } };
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
