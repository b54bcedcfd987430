import { asNumber, asString, type JsonObject } from '../neutral/read-json.ts';
import type { Tool } from '../neutral/request.ts';

/**
 * Tools that Anthropic defines and the client runs. The model's calls are function calls, so any model can be offered such a
 * tool with the same arguments. Source: Anthropic's documentation, "Bash tool", "Text editor tool", "Memory tool" and "Computer
 * use tool".
 */

const text = (description: string) => ({ type: 'string', description });
const whole = (description: string) => ({ type: 'integer', description });
const choice = (...values: readonly string[]) => ({ type: 'string', enum: values });
const point = (description: string) => ({ type: 'array', items: { type: 'integer' }, minItems: 2, maxItems: 2, description });

const schemaOf = (required: readonly string[], properties: JsonObject): Tool['schema'] => ({
  ...{ type: 'object', properties, required },
});

interface Definition {
  readonly type: RegExp;
  readonly description: (tool: JsonObject) => string;
  readonly schema: Tool['schema'];
}

const EDITS: JsonObject = {
  path: text('The path of the file or directory.'),
  file_text: text('The content of the new file, for `create`.'),
  old_str: text('The text to replace, for `str_replace`. It must occur once.'),
  new_str: text('The new text, for `str_replace`.'),
  insert_line: whole('The line behind which to insert, for `insert`; 0 for the beginning.'),
  insert_text: text('The text to insert, for `insert`.'),
  view_range: {
    type: 'array',
    items: { type: 'integer' },
    description: 'The first and the last line, for `view`; -1 for the end.',
  },
};

const DEFINITIONS: readonly Definition[] = [
  {
    type: /^bash_\d+$/,
    description: () => 'Runs a command in a bash session that lasts: its directory and variables stay for the next command.',
    schema: schemaOf([], {
      command: text('The command to run. Required unless the session is restarted.'),
      restart: { type: 'boolean', description: 'Set to true to restart the session.' },
    }),
  },
  {
    type: /^text_editor_\d+$/,
    description: () => 'Views, creates and edits files.',
    schema: schemaOf(['command', 'path'], { command: choice('view', 'create', 'str_replace', 'insert'), ...EDITS }),
  },
  {
    type: /^memory_\d+$/,
    description: () => 'Keeps notes between conversations in files below /memories. View that directory before other work.',
    schema: schemaOf(['command'], {
      command: choice('view', 'create', 'str_replace', 'insert', 'delete', 'rename'),
      ...EDITS,
      old_path: text('The path to rename.'),
      new_path: text('The new path.'),
    }),
  },
  {
    type: /^computer_\d+$/,
    description: (tool) => {
      const [width, height] = [asNumber(tool['display_width_px']), asNumber(tool['display_height_px'])];
      return `Uses the mouse and the keyboard of a computer, and takes pictures of its screen of ${width} × ${height} pixels.`;
    },
    schema: schemaOf(['action'], {
      action: choice(
        ...[
          'key',
          'type',
          'mouse_move',
          'left_click',
          'left_click_drag',
          'right_click',
          'middle_click',
          'double_click',
          'triple_click',
        ],
        ...['left_mouse_down', 'left_mouse_up', 'scroll', 'hold_key', 'wait', 'screenshot', 'cursor_position', 'zoom'],
      ),
      coordinate: point('x and y in pixels.'),
      start_coordinate: point('Where a drag begins.'),
      text: text('The text to type, or the keys to press.'),
      scroll_direction: choice('up', 'down', 'left', 'right'),
      scroll_amount: whole('How far to scroll.'),
      duration: { type: 'number', description: 'In seconds, for `wait` and `hold_key`.' },
      region: { type: 'array', items: { type: 'integer' }, description: 'x0, y0, x1 and y1 in pixels, for `zoom`.' },
    }),
  },
];

/** Returns a client-side tool as a function; undefined for a tool that Anthropic runs. */
export function clientTool(tool: JsonObject): Tool | undefined {
  const definition = DEFINITIONS.find(({ type }) => type.test(asString(tool['type']) ?? ''));
  const name = asString(tool['name']);
  if (definition === undefined || name === undefined) return undefined;
  return { name, description: definition.description(tool), schema: definition.schema };
}
