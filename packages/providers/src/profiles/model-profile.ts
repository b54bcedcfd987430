import type { DialectName } from '@sluice/core';
import type { Effort } from '@sluice/dialects';

/** The allowed form of names and ids. */
export interface NameRule {
  /** `word`: letters, digits, `_` and `-`. */
  readonly characters: 'any' | 'word' | 'alphanumeric';
  readonly maxLength?: number;
  readonly exactLength?: number;
}

export interface ReasoningProfile {
  /**
   * The form of a request for reasoning: an effort (OpenAI), a budget of tokens (Claude up to 4.5, Gemini 2.5), `adaptive` with
   * an effort (Claude from 4.6), a level (Gemini 3), `thinking: {type}` (DeepSeek, Kimi, GLM), `enable_thinking` (Qwen), `none`
   * for models without reasoning, or always, with `reasoning_split` (MiniMax). `dialect`: the dialect's own form.
   */
  readonly form: 'dialect' | 'effort' | 'budget' | 'adaptive' | 'level' | 'thinking' | 'switch' | 'split' | 'none';
  /** The accepted efforts, from the lowest. A model without `none` always reasons. */
  readonly efforts: readonly Effort[];
  /** In tokens. */
  readonly minBudget?: number;
  readonly maxBudget?: number;
  /** The budget for a caller that requests reasoning without a budget. */
  readonly usualBudget?: number;
  /** Whether it reasons when a tool is forced. */
  readonly withForcedTool: boolean;
  /** Whether it reasons in answers that are not streamed. */
  readonly wholeAnswers: boolean;
  /** `with_calls`: it refuses calls in the history without their reasoning. */
  readonly returned: 'optional' | 'with_calls';
}

export interface SamplingProfile {
  /** Which of temperature and `top_p` it accepts: both, only one per request, or none. */
  readonly accepts: 'both' | 'one' | 'none';
  readonly maxTemperature?: number;
  readonly topK: boolean;
  readonly penalties: boolean;
}

export interface RolesProfile {
  /** `first`: a system message is accepted only before all other messages. */
  readonly system: 'anywhere' | 'first';
  /** Whether adjacent user messages are refused. */
  readonly alternate: boolean;
  /** Whether the first message must be a user message. */
  readonly userFirst: boolean;
  /** Whether a user message may directly follow a tool result. */
  readonly userAfterTool: boolean;
  /** Whether the last message may be an assistant message, which the model continues. */
  readonly assistantLast: boolean;
}

export interface SchemasProfile {
  /** Whether a tool's schema may have `anyOf`, `oneOf` or `allOf` at its top level. */
  readonly topLevelUnions: boolean;
  /** Keywords that the schema of an answer may not have. They move into its description. */
  readonly unsupported: readonly string[];
  /** Whether each object in the schema of an answer must be closed (`additionalProperties: false`). */
  readonly closed: boolean;
  /** How the schema of an answer is enforced: natively, by JSON mode and an instruction, or only by an instruction. */
  readonly answers: 'schema' | 'json' | 'sentence';
}

export interface StopProfile {
  /** The stop sequences that it accepts. The gateway itself ends the text at the others. */
  readonly accepts: 'all' | 'visible' | 'none';
  readonly max?: number;
}

/** The requests that a family of models accepts. It shapes translated requests; requests that pass through are unchanged. */
export interface ModelProfile {
  readonly reasoning: ReasoningProfile;
  readonly sampling: SamplingProfile;
  readonly callIds: NameRule;
  readonly toolNames: NameRule;
  /** `skip_marker`: a call by another provider needs the documented marker in place of a signature. */
  readonly unsignedCalls: 'accepted' | 'skip_marker';
  /** Location of Google's call signatures, for a model behind chat completions that does not refuse them. */
  readonly callSignatures: 'extra_content' | 'reasoning_details' | 'refused';
  readonly images: { readonly types?: readonly string[] };
  readonly schemas: SchemasProfile;
  readonly roles: RolesProfile;
  readonly stop: StopProfile;
  /** The identifier of the caller's user. It is hashed if it is too long, or is a refused email address. */
  readonly user: { readonly maxLength: number; readonly emails: boolean };
  readonly tools: {
    /** Whether tools must be declared if the history has calls. */
    readonly declaredForHistory: boolean;
    /** Whether `tool_choice: none` is accepted. */
    readonly choiceOfNone: boolean;
    /** Whether it has tools. For a model without tools, earlier calls and results become text. */
    readonly accepted: boolean;
    /** Whether a tool can be forced. */
    readonly forced: boolean;
    /** Whether a message in the history may have only one call. */
    readonly single: boolean;
    /** Whether it has custom tools. Other models receive a function with one text argument. */
    readonly custom: boolean;
  };
  /** Whether `stream_options` is accepted. */
  readonly streamOptions: boolean;
  /** Whether `cache_control` on parts of messages is accepted. */
  readonly cacheMarks: boolean;
}

/** The deviation of a family or configuration from a profile. */
export type ProfileOverride = {
  readonly [K in keyof ModelProfile]?: (ModelProfile[K] extends object ? Some<ModelProfile[K]> : ModelProfile[K]) | undefined;
};

type Some<T> = { readonly [K in keyof T]?: T[K] | undefined };

/** A family of models, or the models of a server. */
export interface ProfileRow {
  readonly name: string;
  /** Names in the catalog; every provider if not given. */
  readonly providers?: readonly string[];
  readonly dialects?: readonly DialectName[];
  /** Pattern of the provider's own name of the model; every model if not given. */
  readonly models?: RegExp;
  readonly profile: ProfileOverride;
}
