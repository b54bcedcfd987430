import { z } from 'zod';
import { FAMILIES } from './strict/families.ts';

/** Faults that a simulated provider can have. */
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

/** Behaviour of one model. */
export const behaviourSchema = z.strictObject({
  /** Delay until the response begins. */
  latencyMs: z.number().nonnegative().default(0),
  /** Speed of a stream; without it the whole stream is sent at once. */
  tokensPerSecond: z.number().positive().optional(),
  /** Price in US dollars per million tokens, for the simulator's bill. */
  price: price.optional(),
  /**
   * Fault of the response.
   *
   * - `hang`: accepts the request and never responds
   * - `reset-before`, `reset-after`: resets the connection before the first byte, or within the response
   * - `truncated`: ends cleanly within the response
   * - `malformed`: invalid JSON, in the whole response or in one event of the stream
   * - `drip`: one byte at a time
   * - `error-event`: an error within the stream
   * - `no-done`: a complete stream without its closing `[DONE]`
   * - `html`, `empty`: a response without an answer; `redirect`: a redirect to another address
   */
  fault: z.enum(FAULTS).optional(),
  /** Status of an error response in OpenAI's dialect. */
  status: z.number().int().min(100).max(599).optional(),
  retryAfter: z.string().optional(),
  /**
   * Family of the model. Requests that its models refuse get the provider's own error, and replies are signed as they are by
   * the family.
   */
  strict: z.enum(FAMILIES).optional(),
  /** Whether the model follows the rounds in a prompt: `[[lookup search]] [[write /tmp/a.txt|text]]` (see script/rounds.ts). */
  script: z.boolean().optional(),
  /** Whether a realtime session reports usage. */
  usage: z.enum(['reported', 'none']).optional(),
});

export type Behaviour = z.output<typeof behaviourSchema>;

export const simulatorSchema = z.strictObject({
  /** Behaviours by model name. Any other model behaves according to its name, and by default responds at once. */
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
 * Returns the behaviour of a model: the configured one, overridden by options in its name, such as
 * `any-name+latency=200+tps=50+fault=hang`. A test thus chooses what happens to a call by the model name.
 *
 * @throws Error that names the invalid option
 */
export function behaviourOf(model: string, config: SimulatorConfig): Behaviour {
  const [name = '', ...options] = model.split('+');
  let behaviour: object = config.models[model] ?? config.models[name] ?? {};
  for (const option of options) {
    const [key = '', value = ''] = option.split('=', 2);
    const read = NAMED[key];
    if (read === undefined) throw new Error(`unknown simulator option '${key}'`);
    behaviour = { ...behaviour, ...read(value) };
  }
  return behaviourSchema.parse(behaviour);
}
