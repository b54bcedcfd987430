/** Where a picture, a sound or a file is: its bytes in base64, or an address that the provider will fetch. The gateway never does. */
export type MediaSource =
  | { readonly kind: 'base64'; readonly mediaType: string; readonly data: string }
  | { readonly kind: 'url'; readonly url: string; readonly mediaType?: string }
  /** A file that was uploaded to the provider before. */
  | { readonly kind: 'id'; readonly id: string };

/** "Keep the prompt up to here in your cache", as Anthropic says it; others keep it by themselves. */
export interface CacheMark {
  readonly ttl?: '5m' | '1h';
}

interface Marked {
  readonly cache?: CacheMark;
}

/** One piece of a message, whoever wrote it. */
export type Part =
  | ({
      readonly type: 'text';
      readonly text: string;
      readonly citations?: readonly Citation[];
      readonly signature?: string;
    } & Marked)
  | ({ readonly type: 'image'; readonly source: MediaSource; readonly detail?: string } & Marked)
  | ({ readonly type: 'audio'; readonly source: MediaSource } & Marked)
  | ({ readonly type: 'file'; readonly source: MediaSource; readonly name?: string } & Marked)
  | ToolCall
  | ToolResult
  | Reasoning
  | { readonly type: 'refusal'; readonly text: string };

/** Where a statement comes from. */
export interface Citation {
  readonly url?: string;
  readonly title?: string;
  readonly text?: string;
  readonly start?: number;
  readonly end?: number;
}

/**
 * What a tool is that the caller runs itself and that is no function. Its calls are written in this form for a caller that offered it so; a model that does
 * not know the form gets a function.
 */
export type ToolForm = 'custom' | 'local_shell' | 'shell' | 'apply_patch' | 'tool_search';

export interface ToolCall extends Marked {
  readonly type: 'tool_call';
  readonly id: string;
  readonly name: string;
  /** A function, if not given. */
  readonly form?: ToolForm;
  /** JSON text, as the model wrote it. */
  readonly arguments: string;
  /** What some providers of OpenAI's dialect (Google's) want back with the call in the next turn. */
  readonly signature?: string;
}

export interface ToolResult extends Marked {
  readonly type: 'tool_result';
  readonly callId: string;
  readonly parts: readonly Part[];
  readonly isError?: boolean;
}

/** What a model thought. The signature or the encrypted form is the provider's, and wants to be given back in the next turn as it was. */
export interface Reasoning {
  readonly type: 'reasoning';
  readonly text: string;
  readonly signature?: string;
  /** Reasoning that only the provider can read, without a text. */
  readonly encrypted?: string;
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
  /** A function, if not given. */
  readonly form?: ToolForm;
  /** The grammar of a custom tool's input, as OpenAI has it. */
  readonly format?: Readonly<Record<string, unknown>>;
}

export type ToolChoice = 'auto' | 'none' | 'required' | { readonly name: string };

export type ResponseFormat =
  | { readonly type: 'json' }
  | {
      readonly type: 'schema';
      readonly name?: string;
      readonly description?: string;
      readonly schema: Readonly<Record<string, unknown>>;
      readonly strict?: boolean;
    };

export type Effort = 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh';

/** How much a model is to think: by effort or by tokens, as the caller said it. */
export interface ReasoningWish {
  readonly effort?: Effort;
  readonly budgetTokens?: number;
  /** Whether the reasoning is to be shown. */
  readonly show?: boolean;
  /** How the model takes it, which its profile decides; as the dialect has it, if not given. `effort` does not ask to reason. */
  readonly form?: 'budget' | 'adaptive' | 'level' | 'effort' | 'thinking' | 'switch' | 'split';
}

/** What a request for a completion says, in no provider's words. What is not there was not said. */
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
  /** How many alternatives a token; 0 for the chosen one alone. */
  readonly logprobs?: number;
  readonly choices?: number;
  readonly format?: ResponseFormat;
  readonly reasoning?: ReasoningWish;
  /** What the answer may be beside a text; `only` has the fields for providers that cannot say so. */
  readonly answersWith?: 'audio' | 'image';
  /** How an answer in audio is to sound, in the words of the caller's dialect. */
  readonly speech?: { readonly voice?: string; readonly format?: string };
  readonly serviceTier?: string;
  /** Whether the model accepts calls in the history that have no signature of its own, or gets the documented marker; as its dialect, if not given. */
  readonly unsignedCalls?: 'accepted' | 'skip_marker';
  /** Where a chat completion has Google's signature of a call: in the call's `extra_content`, if not given. */
  readonly callSignatures?: 'reasoning_details' | 'refused';
  /** Who the caller's own user is. */
  readonly user?: string;
  /** Fields that OpenAI's two dialects have alike, by name and as they are; to everybody else they are a wish that cannot be said. */
  readonly openAi?: Readonly<Record<string, unknown>>;
  /**
   * Fields that were given and that no other dialect can say, by name: those that decide what the caller gets, and those that are a wish.
   * The first are refused on the way to another dialect, the others dropped with their name.
   */
  readonly only?: { readonly needed: readonly string[]; readonly wished: readonly string[] };
}
