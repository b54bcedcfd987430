/** Source of an image, audio or a file: base64 bytes, or a URL that the provider fetches. The gateway never fetches it. */
export type MediaSource =
  | { readonly kind: 'base64'; readonly mediaType: string; readonly data: string }
  | { readonly kind: 'url'; readonly url: string; readonly mediaType?: string | undefined }
  /** A file that was uploaded to the provider earlier. */
  | { readonly kind: 'id'; readonly id: string };

/** A cache breakpoint after a part of the prompt, as in Anthropic's dialect. Other providers cache automatically. */
export interface CacheMark {
  readonly ttl?: '5m' | '1h';
}

interface Marked {
  readonly cache?: CacheMark;
}

/** A part of a message, of any role. */
export type Part =
  | ({
      readonly type: 'text';
      readonly text: string;
      readonly citations?: readonly Citation[] | undefined;
      readonly signature?: string | undefined;
    } & Marked)
  | ({ readonly type: 'image'; readonly source: MediaSource; readonly detail?: string | undefined } & Marked)
  | ({ readonly type: 'audio'; readonly source: MediaSource } & Marked)
  | ({ readonly type: 'file'; readonly source: MediaSource; readonly name?: string | undefined } & Marked)
  | ToolCall
  | ToolResult
  | Reasoning
  | { readonly type: 'refusal'; readonly text: string };

/** Source of a statement. */
export interface Citation {
  readonly url?: string;
  readonly title?: string;
  readonly text?: string;
  readonly start?: number;
  readonly end?: number;
}

/**
 * Kind of a client-side tool that is not a function. Calls are written in this form for a client that offered it. A model that
 * does not support the form gets a function.
 */
export type ToolForm = 'custom' | 'local_shell' | 'shell' | 'apply_patch' | 'tool_search';

export interface ToolCall extends Marked {
  readonly type: 'tool_call';
  readonly id: string;
  readonly name: string;
  /** A function by default. */
  readonly form?: ToolForm | undefined;
  /** JSON text as the model wrote it. */
  readonly arguments: string;
  /** Signature that some providers of OpenAI's dialect (Google) require with the call in the next turn. */
  readonly signature?: string | undefined;
}

export interface ToolResult extends Marked {
  readonly type: 'tool_result';
  readonly callId: string;
  readonly parts: readonly Part[];
  readonly isError?: boolean;
}

/**
 * A model's reasoning. The signature or encrypted form belongs to the provider and must be returned unchanged in the next turn.
 */
export interface Reasoning {
  readonly type: 'reasoning';
  readonly text: string;
  readonly signature?: string | undefined;
  /** Reasoning that only the provider can read, without text. */
  readonly encrypted?: string | undefined;
}

export interface Message {
  readonly role: 'system' | 'developer' | 'user' | 'assistant';
  readonly parts: readonly Part[];
}

export interface Tool extends Marked {
  readonly name: string;
  readonly description?: string;
  /** JSON Schema of the arguments. */
  readonly schema: Readonly<Record<string, unknown>>;
  readonly strict?: boolean;
  /** A function by default. */
  readonly form?: ToolForm | undefined;
  /** Grammar of a custom tool's input, in OpenAI's format. */
  readonly format?: Readonly<Record<string, unknown>>;
}

export type ToolChoice = 'auto' | 'none' | 'required' | { readonly name: string };

export type ResponseFormat =
  | { readonly type: 'json' }
  | {
      readonly type: 'schema';
      readonly name?: string | undefined;
      readonly description?: string;
      readonly schema: Readonly<Record<string, unknown>>;
      readonly strict?: boolean;
    };

export type Effort = 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh';

/** Amount of reasoning, by effort or by tokens, as the client set it. */
export interface ReasoningOptions {
  readonly effort?: Effort;
  readonly budgetTokens?: number;
  /** Whether the response includes the reasoning. */
  readonly show?: boolean;
  /**
   * Format in which the model accepts the setting, from its profile; the dialect's format by default. `effort` alone does not
   * enable reasoning.
   */
  readonly form?: 'budget' | 'adaptive' | 'level' | 'effort' | 'thinking' | 'switch' | 'split';
}

/** A completion request in the neutral form. Undefined members were not in the request. */
export interface NeutralRequest {
  readonly messages: readonly Message[];
  readonly tools?: readonly Tool[];
  readonly toolChoice?: ToolChoice;
  readonly parallelToolCalls?: boolean;
  readonly maxTokens?: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly stop?: readonly string[];
  readonly presencePenalty?: number;
  readonly frequencyPenalty?: number;
  readonly seed?: number;
  /** Number of alternatives per token; 0 for the chosen token only. */
  readonly logprobs?: number;
  readonly choices?: number;
  readonly format?: ResponseFormat;
  readonly reasoning?: ReasoningOptions;
  /** Kind of output in addition to text; `only` contains the fields for providers that do not support it. */
  readonly answersWith?: 'audio' | 'image';
  /** Voice and format of audio output, as named in the client's dialect. */
  readonly speech?: { readonly voice?: string; readonly format?: string };
  readonly serviceTier?: string;
  /**
   * Whether the model accepts unsigned calls in the history, or requires the documented marker; by default as its dialect
   * requires.
   */
  readonly unsignedCalls?: 'accepted' | 'skip_marker';
  /** Position of Google's call signature in a chat completion; the call's `extra_content` by default. */
  readonly callSignatures?: 'reasoning_details' | 'refused';
  /** The client's end user. */
  readonly user?: string;
  /**
   * Fields that both OpenAI dialects share, unchanged, by name. Every other dialect treats them as unsupported optional
   * parameters.
   */
  readonly openAi?: Readonly<Record<string, unknown>>;
  /**
   * Fields that no other dialect supports, by name. Fields that change the response are refused for another dialect; optional
   * ones are dropped with their name.
   */
  readonly only?: { readonly needed: readonly string[]; readonly droppable: readonly string[] };
}
