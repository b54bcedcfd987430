import { isObject, type Tool } from '@sluice/dialects';
import { sampleValue } from '@sluice/providers';

/** Names of tools in coding agents that write a file, and of tools that run a command. */
const WRITERS = /^(?:write|write_?file|create_?file|write_to_file)$/i;
const SHELLS = /^(?:exec_command|shell|shell_command|local_shell|bash|run_shell_command)$/i;
const PATH_FIELDS = ['file_path', 'filePath', 'path', 'absolute_path'];
const TEXT_FIELDS = ['content', 'contents', 'file_text', 'text'];
const COMMAND_FIELDS = ['cmd', 'command'];

export interface FileCall {
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** Returns a call that writes a file with one of the client's own tools; undefined without a suitable tool. */
export function fileCall(tools: readonly Tool[], file: { readonly path: string; readonly text: string }): FileCall | undefined {
  const writer = tools.find(({ name }) => WRITERS.test(name));
  if (writer !== undefined)
    return {
      name: writer.name,
      args: filled(writer, [
        [PATH_FIELDS, file.path],
        [TEXT_FIELDS, file.text],
      ]),
    };
  const shell = tools.find(({ name }) => SHELLS.test(name));
  if (shell === undefined) return undefined;
  const command = `printf %s '${file.text}' > '${file.path}'`;
  return { name: shell.name, args: filled(shell, [[COMMAND_FIELDS, command]]) };
}

/** Returns the required arguments of a tool, with values for the first field of each kind. */
function filled({ schema }: Tool, values: readonly (readonly [readonly string[], string])[]): Record<string, unknown> {
  const required = sampleValue(schema);
  const args: Record<string, unknown> = isObject(required) ? { ...required } : {};
  const properties = isObject(schema['properties']) ? schema['properties'] : {};
  for (const [names, value] of values) {
    const name = names.find((one) => Object.hasOwn(properties, one));
    if (name !== undefined) args[name] = isList(properties[name]) ? ['bash', '-lc', value] : value;
  }
  return args;
}

const isList = (property: unknown): boolean => isObject(property) && property['type'] === 'array';
