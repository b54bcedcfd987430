import { z } from 'zod';
import { FAMILIES } from './strict/families.ts';

/** The ways in which a simulated provider can fail. */
export const FAULTS = [
  'hang',
  'reset-before',
  'reset-after',
  'truncated',
  'malformed',
  'drip',
  'error-event',
  'no-done',
  'html',
  'empty',
  'redirect',
] as const;

const price = z.strictObject({ input: z.number().nonnegative(), output: z.number().nonnegative() });

/** How one model behaves. */
export const behaviourSchema = z.strictObject({
  /** Until the answer begins. */
  latencyMs: z.number().nonnegative().default(0),
  /** How fast a stream goes on; all at once if not given. */
  tokensPerSecond: z.number().positive().optional(),
  /** US dollars per million tokens: what the simulator puts on its bill. */
  price: price.optional(),
  /**
   * - `hang`: takes the request and never answers
   * - `reset-before`, `reset-after`: breaks the connection before the first byte, or in the middle of the answer
   * - `truncated`: ends cleanly in the middle of the answer
   * - `malformed`: broken JSON, in the whole answer or in one event of the stream
   * - `drip`: one byte at a time
   * - `error-event`: an error in the middle of the stream
   * - `no-done`: a whole stream without its closing `[DONE]`
   * - `html`, `empty`: an answer that is no answer; `redirect`: one that points elsewhere
   */
  fault: z.enum(FAULTS).optional(),
  /** Answers with this status and an error in OpenAI's dialect. */
  status: z.number().int().min(100).max(599).optional(),
  retryAfter: z.string().optional(),
  /** Refuses what the models of a family refuse, with their provider's own error, and signs its answers as they do. */
  strict: z.enum(FAMILIES).optional(),
  /** Plays what a prompt describes, round by round: `[[lookup search]] [[write /tmp/a.txt|text]]` (see script/rounds.ts). */
  script: z.boolean().optional(),
  /** Of realtime sessions: whether usage is reported. */
  usage: z.enum(['reported', 'none']).optional(),
});

export type Behaviour = z.output<typeof behaviourSchema>;

export const simulatorSchema = z.strictObject({
  /** By the model's name. A model that is not here behaves as its name says, or else answers at once. */
  models: z.record(z.string(), behaviourSchema).default({}),
});

export type SimulatorConfig = z.output<typeof simulatorSchema>;

const NAMED: Readonly<Record<string, (text: string) => object>> = {
  latency: (text) => ({ latencyMs: Number(text) }),
  tps: (text) => ({ tokensPerSecond: Number(text) }),
  fault: (text) => ({ fault: text }),
  status: (text) => ({ status: Number(text) }),
  strict: (text) => ({ strict: text }),
  script: (text) => ({ script: text === 'on' }),
  usage: (text) => ({ usage: text }),
  'retry-after': (text) => ({ retryAfter: text }),
};

/**
 * How a model behaves: as the configuration has it, and as its name says on top of that. `any-name+latency=200+tps=50+fault=hang` asks
 * for each by name; so a test chooses what happens to a call by the model it asks for.
 *
 * @throws Error that says what in the name is wrong
 */
export function behaviourOf(model: string, config: SimulatorConfig): Behaviour {
  const [name = '', ...options] = model.split('+');
  let wanted: object = config.models[model] ?? config.models[name] ?? {};
  for (const option of options) {
    const [key = '', value = ''] = option.split('=', 2);
    const read = NAMED[key];
    if (read === undefined) throw new Error(`the simulator knows no option '${key}'`);
    wanted = { ...wanted, ...read(value) };
  }
  return behaviourSchema.parse(wanted);
}
