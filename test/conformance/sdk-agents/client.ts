import type { CallerName } from '../../support/sdk-callers.ts';

/** The parameters of a cell of the matrix for a client. */
export interface Ask {
  readonly url: string;
  readonly key: string;
  readonly model: string;
  readonly streamed: boolean;
  readonly reasoning: boolean;
}

/** Runs a tool and returns its result. */
export type Execute = (name: string) => string;

/** The events of a turn: everything between two messages of the user. */
export interface TurnSeen {
  /** The names of the called tools, round by round. */
  readonly rounds: readonly (readonly string[])[];
  readonly text: string;
  readonly reasoning: string;
}

/** A conversation that a client keeps as its documentation describes. */
export interface SdkAgent {
  say(text: string, execute: Execute): Promise<TurnSeen>;
}

/** A client library, or a way to use it. */
export interface MatrixClient {
  readonly name: string;
  readonly packages: readonly string[];
  readonly dialect: CallerName;
  start(ask: Ask): SdkAgent;
  /** Requests an object that `PLACE_SCHEMA` describes. */
  structured(ask: Ask): Promise<unknown>;
  /** Sends an image and returns the response. */
  image(ask: Ask): Promise<string>;
}

export const TOOL_NAMES = ['lookup', 'search'] as const;
export const TOOL_SCHEMA = { type: 'object' as const, properties: { q: { type: 'string' as const } }, required: ['q'] };
export const PLACE_SCHEMA = {
  type: 'object' as const,
  properties: { place: { type: 'string' as const } },
  required: ['place'],
  additionalProperties: false,
};
export const SYSTEM = 'Be brief.';
export const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

export interface Call {
  readonly id: string;
  readonly name: string;
}

/** A response of a model. */
export interface Answer<C extends Call = Call> {
  readonly calls: readonly C[];
  readonly text: string;
  readonly reasoning: string;
}

export type Result<C extends Call = Call> = C & { readonly result: string };

/** Sends tool results until a response has no more calls. It is the loop for a client without a loop of its own. */
export async function toolLoop<C extends Call>(
  first: Answer<C>,
  execute: Execute,
  send: (results: readonly Result<C>[]) => Promise<Answer<C>>,
): Promise<TurnSeen> {
  const rounds: string[][] = [];
  let answer = first;
  let { reasoning } = first;
  while (answer.calls.length > 0 && rounds.length < 5) {
    rounds.push(answer.calls.map(({ name }) => name));
    answer = await send(answer.calls.map((call) => ({ ...call, result: execute(call.name) })));
    reasoning += answer.reasoning;
  }
  return { rounds, text: answer.text, reasoning };
}
