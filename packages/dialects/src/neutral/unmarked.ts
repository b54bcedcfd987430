import type { JsonObject } from './read-json.ts';

/** What the model that gets a request needs. */
export interface UnmarkOptions {
  /** Whether calls without a signature need the documented marker. */
  readonly skipMarker: boolean;
  /** Members of messages that the provider refuses. */
  readonly dropFromMessages?: readonly string[] | undefined;
  /** Whether the model is Google's: they sign calls in OpenAI's dialect too. */
  readonly isGemini: boolean;
  /** Whether another reason than a mark is known to write the request again. */
  readonly always?: boolean;
}

/** A request without marks, and the names of what it lost with them. */
export interface Unmarked {
  readonly body: JsonObject;
  readonly dropped: readonly string[];
}
