import type { JsonObject } from './read-json.ts';

/** Requirements of the model that receives a request. */
export interface UnmarkOptions {
  /** Whether calls without a signature need the documented marker. */
  readonly skipMarker: boolean;
  /** Members of messages that the provider refuses. */
  readonly dropFromMessages?: readonly string[] | undefined;
  /** Whether the model is Google's: Google signs calls in OpenAI's dialect too. */
  readonly isGemini: boolean;
  /** Whether the request must be rewritten for another reason, even without marks. */
  readonly always?: boolean;
}

/** A request without marks, and the names of the removed members. */
export interface Unmarked {
  readonly body: JsonObject;
  readonly dropped: readonly string[];
}
