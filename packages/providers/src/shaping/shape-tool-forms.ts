import { defined } from '@sluice/core';
import { isObject, type JsonObject, type NeutralRequest, type Tool } from '@sluice/dialects';
import { mapParts } from './map-parts.ts';
import type { Shaping } from './shaping.ts';

/** Offers tools with an unsupported form as functions. Calls in the answer return in the original form. */
export function shapeToolForms(request: NeutralRequest, { profile, toolForms }: Shaping): NeutralRequest {
  const known = (form: Tool['form']): boolean => form === undefined || (form === 'custom' && profile.tools.custom);
  const called = request.messages.some(({ parts }) => parts.some((part) => part.type === 'tool_call' && !known(part.form)));
  const lowered = request.tools?.map((tool) => {
    if (tool.form === undefined || known(tool.form)) return tool;
    toolForms.set(tool.name, tool.form);
    return asFunction(tool);
  });
  const tools = defined({ tools: lowered });
  if (!called) return { ...request, ...tools };
  const functions = mapParts(request, (part) => {
    if (part.type !== 'tool_call' || known(part.form)) return part;
    const { form: _form, ...call } = part;
    return call;
  });
  return { ...functions, ...tools };
}

function asFunction({ form, format, description = '', ...tool }: Tool): Tool {
  if (form !== 'custom') return { ...tool, description };
  return { ...tool, description: freeTextDescription(description, format) };
}

/**
 * Describes a custom tool for a model that receives it as a function. The grammar, which OpenAI uses to constrain the text,
 * becomes an instruction.
 */
export function freeTextDescription(description: string, format: unknown): string {
  const input = "This tool is a function: write its complete input as plain text into the argument 'input'.";
  return [description, input, ...grammarOf(isObject(format) ? format : {})].filter((text) => text !== '').join('\n\n');
}

function grammarOf({ type, syntax, definition, grammar }: JsonObject): string[] {
  if (isObject(grammar)) return grammarOf({ type, ...grammar });
  if (type !== 'grammar' || typeof definition !== 'string') return [];
  const what = syntax === 'regex' ? 'regular expression' : 'Lark grammar';
  return [`The text has to match this ${what}:\n${definition}`];
}
