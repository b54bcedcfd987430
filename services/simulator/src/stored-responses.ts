import { isObject, type JsonObject, parseJson } from '@sluice/dialects';

const MAX_RESPONSES = 1_000;

/** Stores responses of the Responses API that a later request may refer to, as OpenAI does. */
export class StoredResponses {
  readonly #conversations = new Map<string, readonly unknown[]>();

  /** Returns a request with the preceding items; undefined if it refers to an unknown response. */
  expand(body: JsonObject): JsonObject | undefined {
    const { previous_response_id: previous, ...rest } = body;
    if (typeof previous !== 'string') return body;
    const before = this.#conversations.get(previous);
    return before === undefined ? undefined : { ...rest, input: [...before, ...itemsOf(body['input'])] };
  }

  /** Stores the items of a request and its response, unless the request disables storage. */
  keep(expanded: JsonObject, answer: string): void {
    const response = parseJson(answer);
    if (expanded['store'] === false || !isObject(response) || typeof response['id'] !== 'string') return;
    this.#conversations.set(response['id'], [...itemsOf(expanded['input']), ...itemsOf(response['output'])]);
    const [oldest] = this.#conversations.keys();
    if (this.#conversations.size > MAX_RESPONSES && oldest !== undefined) this.#conversations.delete(oldest);
  }
}

const itemsOf = (input: unknown): readonly unknown[] => {
  if (typeof input === 'string') return [{ type: 'message', role: 'user', content: input }];
  return Array.isArray(input) ? (input as unknown[]) : [];
};
