import { asString, type Json, type JsonObject, member, needList, needObject, wrongField } from './read-json.ts';

/** A caller's tools, told apart. */
export interface OfferedTools {
  /** Those that every dialect can say, with where they stand. */
  readonly functions: readonly { readonly tool: JsonObject; readonly at: string }[];
  /** The names of those that only the caller's own provider has. */
  readonly left: readonly string[];
}

/**
 * Tools of a provider's own (web search and the like) are an offer to the model. Beside functions of the caller's such an offer is a wish, and is left
 * away with its name; where it is all there is, to leave it away would change the answer.
 *
 * @param isFunction whether a tool is the caller's own function
 * @throws LlmError `invalid_request` where no function is among them
 */
export function offeredTools(tools: Json, isFunction: (tool: JsonObject) => boolean): OfferedTools {
  const all = needList(tools, 'tools').map((tool, n) => ({ tool: needObject(tool, `tools[${n}]`), at: `tools[${n}]` }));
  const functions = all.filter(({ tool }) => isFunction(tool));
  const left = all.filter(({ tool }) => !isFunction(tool));
  const [first] = left;
  if (functions.length === 0 && first !== undefined) {
    wrongField(`${first.at}.type`, 'function, or beside one, for a model whose provider speaks another dialect');
  }
  return { functions, left: left.map(({ tool }) => ownToolName(asString(member(tool, 'type')) ?? 'unknown')) };
}

/** The name goes into a header, whatever the caller wrote. */
export const ownToolName = (type: string): string => `tools.${type.replace(/[^\w.-]/g, '').slice(0, 64)}`;
