import { asList, asString, isObject, type Json, type JsonObject } from '../neutral/read-json.ts';

/**
 * Separator between a namespace and a tool's name. Tools of one server are grouped in a namespace (Codex, for each MCP server).
 * Other dialects have no namespaces, so a tool's name is prefixed with it there. No model accepts the separator in a name: the
 * model gets a name without it, and the client gets the two parts again. Source: OpenAI's API reference, "Create a model
 * response", tools of type `namespace`.
 */
const SEPARATOR = '\u001f';

/** Returns a tool's name with its namespace. OpenAI's own search uses a tool's name as the namespace of a tool without one. */
export const joinedName = (namespace: Json, name: string): string =>
  typeof namespace === 'string' && namespace !== '' && namespace !== name ? `${namespace}${SEPARATOR}${name}` : name;

/** Returns the parts of a name as items contain them. */
export function nameParts(joined: string): { readonly name: string; readonly namespace?: string } {
  const at = joined.indexOf(SEPARATOR);
  return at === -1 ? { name: joined } : { name: joined.slice(at + 1), namespace: joined.slice(0, at) };
}

/** Returns all tools, including those in namespaces, each once. */
export function flatTools(tools: readonly Json[]): readonly Json[] {
  const flat = tools.flatMap((tool): Json[] => {
    if (!isObject(tool) || tool['type'] !== 'namespace') return [tool];
    const { name: namespace, description } = tool;
    return flatTools(asList(tool['tools'])).map((inner) =>
      isObject(inner) ? inNamespace(inner, namespace, description) : inner,
    );
  });
  const names = new Set<string>();
  return flat.filter((tool) => {
    const name = isObject(tool) ? asString(tool['name']) : undefined;
    if (name === undefined) return true;
    const isNew = !names.has(name);
    names.add(name);
    return isNew;
  });
}

function inNamespace(tool: JsonObject, namespace: Json, about: Json): JsonObject {
  const name = asString(tool['name']);
  if (name === undefined) return tool;
  const description = [asString(tool['description']) ?? '', asString(about) ?? ''].filter((text) => text !== '').join('\n\n');
  return { ...tool, name: joinedName(namespace, name), ...(description === '' ? {} : { description }) };
}

/**
 * Returns the tools of a request: the top-level ones, and those that input items add (`additional_tools`,
 * `tool_search_output`).
 */
export function toolsOf({ tools, input }: JsonObject): Json {
  const added = asList(input).flatMap((item) => (isObject(item) && ADDING.has(item['type']) ? asList(item['tools']) : []));
  if (tools == null && added.length === 0) return undefined;
  return tools == null || Array.isArray(tools) ? flatTools([...asList(tools), ...added]) : tools;
}

const ADDING: ReadonlySet<Json> = new Set(['additional_tools', 'tool_search_output']);

/** Describes the tools that a search found, for the model that searched. */
export function foundTools(tools: Json): string {
  const found = flatTools(asList(tools)).filter(isObject);
  const lines = found.map(({ name, description }) => {
    const text = Object.values(nameParts(asString(name) ?? ''))
      .reverse()
      .join('.');
    return `${text}: ${asString(description)?.split('\n', 1)[0] ?? ''}`;
  });
  return lines.length === 0 ? 'No tools were found.' : `These tools can be called now:\n${lines.join('\n')}`;
}
