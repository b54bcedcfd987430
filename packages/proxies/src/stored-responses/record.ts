/** A JSON object. */
export type Json = Readonly<Record<string, unknown>>;

/** An answer of the Responses API with what it takes to continue it. */
export interface StoredRecord {
  /** The response object as the client received it. */
  readonly response: Json;
  /** The items that this request added, each with an id. */
  readonly input: readonly Json[];
  /** The ids of the responses that came before, oldest first. */
  readonly ancestors: readonly string[];
  /** The name of the provider in the configuration. */
  readonly provider: string;
  /** The conversation that it belongs to. */
  readonly conversation?: string | undefined;
  /** Of a response in the background. */
  readonly background?: BackgroundWork | undefined;
}

/** What is billed once a response in the background has ended. */
export interface BackgroundWork {
  /** The model as the caller asked for it. */
  readonly model: string;
  /** Tokens of the prompt that were billed when the response was begun. */
  readonly billedInputTokens: number;
}

export const isJson = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Ids of responses and items, as providers make them: part of a key's name in the store, where no tenant has a colon. */
const ID = /^[\x21-\x7e]{1,256}$/;

export const isId = (value: unknown): value is string => typeof value === 'string' && ID.test(value);

/** States in which a provider still works on a response. */
const UNFINISHED: ReadonlySet<unknown> = new Set(['queued', 'in_progress']);

/** Tests whether a provider still works on a response, in the background. */
export const isUnfinished = (response: Json): boolean => UNFINISHED.has(response['status']);

/** Returns the items of a response. */
export const outputOf = ({ response }: Pick<StoredRecord, 'response'>): readonly Json[] =>
  Array.isArray(response['output']) ? response['output'].filter(isJson) : [];

/** Returns the JSON object of a text; undefined for any other text. */
export function parsed(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJson(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Returns a record as it was kept; undefined for what this version did not write. */
export function recordOf(value: Json | undefined): StoredRecord | undefined {
  const { response, input, ancestors, provider, conversation, background } = value ?? {};
  if (!isJson(response) || !Array.isArray(input) || !Array.isArray(ancestors) || typeof provider !== 'string') return undefined;
  return {
    response,
    input: input.filter(isJson),
    ancestors: ancestors.filter(isId),
    provider,
    ...(isId(conversation) && { conversation }),
    ...(isBackground(background) && { background }),
  };
}

const isBackground = (value: unknown): value is BackgroundWork =>
  isJson(value) && typeof value['model'] === 'string' && typeof value['billedInputTokens'] === 'number';
