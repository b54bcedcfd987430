import type { DialectName } from '@sluice/core';
import type { Effort } from '@sluice/dialects';

/** What a text that names something may consist of. */
export interface NameRule {
  /** `word`: letters, digits, `_` and `-`. */
  readonly characters: 'any' | 'word' | 'alphanumeric';
  readonly maxLength?: number;
  readonly exactLength?: number;
}

export interface ReasoningProfile {
  /**
   * How a model is asked to reason: by an effort (OpenAI), a budget of tokens (Claude up to 4.5, Gemini 2.5), `adaptive` with an effort (Claude from 4.6),
   * a level (Gemini 3), `thinking: {type}` (DeepSeek, Kimi, GLM), `enable_thinking` (Qwen), not at all, or always, with `reasoning_split` (MiniMax). `dialect`: in the dialect's first form.
   */
  readonly form: 'dialect' | 'effort' | 'budget' | 'adaptive' | 'level' | 'thinking' | 'switch' | 'split' | 'none';
  /** The accepted efforts, from the lowest. A model without `none` always reasons. */
  readonly efforts: readonly Effort[];
  /** In tokens. */
  readonly minBudget?: number;
  readonly maxBudget?: number;
  /** The budget for a caller that requests reasoning without a budget. */
  readonly usualBudget?: number;
  /** Whether it reasons where a tool is forced. */
  readonly withForcedTool: boolean;
  /** Whether it reasons in an answer that is not streamed. */
  readonly wholeAnswers: boolean;
  /** `with_calls`: it refuses calls in the history without the reasoning before them. */
  readonly returned: 'optional' | 'with_calls';
}

export interface SamplingProfile {
  /** Which of temperature and `top_p` it accepts: both, one of them, or none. */
  readonly accepts: 'both' | 'one' | 'none';
  readonly maxTemperature?: number;
  readonly topK: boolean;
  readonly penalties: boolean;
}

export interface RolesProfile {
  /** `first`: a system message is accepted before everything else alone. */
  readonly system: 'anywhere' | 'first';
  /** Whether neighbouring messages of a user are refused. */
  readonly alternate: boolean;
  /** Whether the first message has to be a user's. */
  readonly userFirst: boolean;
  /** Whether a user may speak directly after a tool's result. */
  readonly userAfterTool: boolean;
  /** Whether the last message may be the assistant's, which the model continues. */
  readonly assistantLast: boolean;
}

export interface SchemasProfile {
  /** Whether a tool's schema may have `anyOf`, `oneOf` or `allOf` at its top. */
  readonly topLevelUnions: boolean;
  /** Keywords that the schema of an answer may not have: they go into its description. */
  readonly unsupported: readonly string[];
  /** Whether each object in the schema of an answer has to be closed (`additionalProperties: false`). */
  readonly closed: boolean;
  /** How an answer is bound to a schema: by the schema, by JSON mode and a sentence, or by a sentence alone. */
  readonly answers: 'schema' | 'json' | 'sentence';
}

export interface StopProfile {
  /** Which stop sequences it accepts. The gateway ends the text itself at the others. */
  readonly accepts: 'all' | 'visible' | 'none';
  readonly max?: number;
}

/**
 * The requests that the models of one family accept. Translated requests are shaped by it; requests that pass through are not.
 */
export interface ModelProfile {
  readonly reasoning: ReasoningProfile;
  readonly sampling: SamplingProfile;
  readonly callIds: NameRule;
  readonly toolNames: NameRule;
  /** `skip_marker`: a call of another provider's needs the documented marker in place of a signature. */
  readonly unsignedCalls: 'accepted' | 'skip_marker';
  /** Where a model behind chat completions has Google's signature of a call, if it is not refused. */
  readonly callSignatures: 'extra_content' | 'reasoning_details' | 'refused';
  readonly images: { readonly types?: readonly string[] };
  readonly schemas: SchemasProfile;
  readonly roles: RolesProfile;
  readonly stop: StopProfile;
  /** The identifier of the caller's user: a longer one, and an address where addresses are refused, is hashed. */
  readonly user: { readonly maxLength: number; readonly emails: boolean };
  readonly tools: {
    /** Whether tools have to be declared where the history has calls. */
    readonly declaredForHistory: boolean;
    /** Whether `tool_choice: none` is accepted. */
    readonly choiceOfNone: boolean;
    /** Whether it has tools at all; to another model what they did before is text. */
    readonly accepted: boolean;
    /** Whether a tool can be forced. */
    readonly forced: boolean;
    /** Whether a message in the history may have one call at most. */
    readonly single: boolean;
    /** Whether it knows custom tools; another model gets a function with one text. */
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
  /** Names of the catalog; every provider, if not given. */
  readonly providers?: readonly string[];
  readonly dialects?: readonly DialectName[];
  /** The provider's own name of the model; every model, if not given. */
  readonly models?: RegExp;
  readonly profile: ProfileOverride;
}
