import { bufferOf } from '@sluice/core';
import {
  argumentsOfText,
  asList,
  asString,
  FREE_TEXT_SCHEMA,
  isObject,
  type JsonObject,
  member,
  type ToolForm,
} from '@sluice/dialects';
import { freeTextDescription } from './shape-tool-forms.ts';

const CUSTOM = Buffer.from('"custom"');

/** A chat completion request without custom tools, and the names of the tools that became functions. */
export interface LoweredRequest {
  readonly body: JsonObject;
  readonly toolForms: ReadonlyMap<string, ToolForm>;
}

/** Returns whether a request may offer or have called a custom tool. */
export const mayHoldCustomTools = (bytes: Uint8Array): boolean => bufferOf(bytes).includes(CUSTOM);

/**
 * Writes the custom tools of a chat completion request as functions, for a server without custom tools. Undefined for a request
 * without them. All other members remain unchanged.
 */
export function lowerCustomTools(body: JsonObject): LoweredRequest | undefined {
  const toolForms = new Map<string, ToolForm>();
  const { tools, messages, tool_choice: choice } = body;
  const isCustom = (value: unknown): boolean => member(value, 'type') === 'custom' && isObject(member(value, 'custom'));
  const called = asList(messages).some((message) => asList(member(message, 'tool_calls')).some(isCustom));
  if (!called && !asList(tools).some(isCustom)) return undefined;
  const lowered = {
    ...body,
    ...(Array.isArray(tools) ? { tools: tools.map((tool) => (isCustom(tool) ? lowerTool(tool, toolForms) : tool)) } : {}),
    ...(Array.isArray(messages) ? { messages: messages.map(lowerMessage) } : {}),
    ...(isObject(choice) ? { tool_choice: lowerChoice(choice) } : {}),
  };
  return { body: lowered, toolForms };
}

function lowerTool(tool: unknown, toolForms: Map<string, ToolForm>): JsonObject {
  const custom = member(tool, 'custom');
  const name = asString(member(custom, 'name')) ?? '';
  toolForms.set(name, 'custom');
  const description = freeTextDescription(asString(member(custom, 'description')) ?? '', member(custom, 'format'));
  return { type: 'function', function: { name, description, parameters: FREE_TEXT_SCHEMA } };
}

function lowerMessage(message: unknown): unknown {
  if (!isObject(message) || !Array.isArray(message['tool_calls'])) return message;
  return { ...message, tool_calls: message['tool_calls'].map(lowerCall) };
}

function lowerCall(call: unknown): unknown {
  if (!isObject(call) || !isObject(call['custom'])) return call;
  const { custom, ...rest } = call;
  const text = argumentsOfText(asString(member(custom, 'input')) ?? '');
  return { ...rest, type: 'function', function: { name: member(custom, 'name'), arguments: text } };
}

function lowerChoice(choice: JsonObject): JsonObject {
  const { custom, allowed_tools: allowed } = choice;
  if (isObject(custom)) return { type: 'function', function: { name: custom['name'] } };
  if (!isObject(allowed)) return choice;
  const tools = asList(allowed['tools']).map((tool) => (isObject(tool) ? lowerChoice(tool) : tool));
  return { ...choice, allowed_tools: { ...allowed, tools } };
}
