import { defined } from '@sluice/core';
import { ownToolName } from '../neutral/own-tools.ts';
import { asString, type Json, type JsonObject, needList, needObject, needString, wrongField } from '../neutral/read-json.ts';
import type { Tool, ToolChoice } from '../neutral/request.ts';
import type { ReadChoice } from '../openai-chat/read-tools.ts';
import { camelCase, field } from './fields.ts';
import { jsonSchemaOf } from './schema.ts';

const MODES: Readonly<Record<string, ToolChoice>> = { AUTO: 'auto', VALIDATED: 'auto', ANY: 'required', NONE: 'none' };

/** Reads the tools. One entry may contain functions and several of Google's own tools, each under its own name. */
export function readTools(value: Json): { tools: Tool[]; left: string[] } {
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
    wrongField(`${first.at}.${first.name}`, 'next to functionDeclarations, for a provider of another dialect');
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

export function readChoice(config: Json): ReadChoice {
  const mode = asString(field(config, 'mode'));
  if (mode === undefined || mode === 'MODE_UNSPECIFIED') return {};
  const choice = Object.hasOwn(MODES, mode) ? MODES[mode] : undefined;
  if (choice === undefined) return wrongField('toolConfig.functionCallingConfig.mode', 'AUTO, ANY, NONE or VALIDATED');
  const names = field(config, 'allowedFunctionNames');
  if (!Array.isArray(names) || names.length === 0) return { choice };
  const allowed = names.map((name) => needString(name, 'toolConfig.functionCallingConfig.allowedFunctionNames'));
  const [only] = allowed;
  return choice === 'required' && only !== undefined && allowed.length === 1 ? { choice: { name: only } } : { choice, allowed };
}
