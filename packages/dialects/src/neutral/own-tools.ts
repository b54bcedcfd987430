import { asString, type Json, type JsonObject, member, needList, needObject, wrongField } from './read-json.ts';

/** The client's tools by kind. */
export interface OfferedTools {
  /** Tools that every dialect supports, with their positions. */
  readonly functions: readonly { readonly tool: JsonObject; readonly at: string }[];
  /** Names of the tools that only the client's own provider has. */
  readonly left: readonly string[];
}

/**
 * Separates functions from a provider's own tools (such as web search). Next to functions, a provider's tool is optional and is
 * dropped with its name. If there are no functions, dropping it would change the response.
 *
 * @param isFunction returns whether a tool is the client's own function
 * @throws LlmError `invalid_request` if no function is among the tools
 */
export function offeredTools(tools: Json, isFunction: (tool: JsonObject) => boolean): OfferedTools {
  const all = needList(tools, 'tools').map((tool, n) => ({ tool: needObject(tool, `tools[${n}]`), at: `tools[${n}]` }));
  const functions = all.filter(({ tool }) => isFunction(tool));
  const left = all.filter(({ tool }) => !isFunction(tool));
  const [first] = left;
  if (functions.length === 0 && first !== undefined) {
    wrongField(`${first.at}.type`, 'function, or next to one, for a provider of another dialect');
  }
  return { functions, left: left.map(({ tool }) => ownToolName(asString(member(tool, 'type')) ?? 'unknown')) };
}

/** Returns a tool's name that is safe in a header, whatever the client wrote. */
export const ownToolName = (type: string): string => `tools.${type.replace(/[^\w.-]/g, '').slice(0, 64)}`;
