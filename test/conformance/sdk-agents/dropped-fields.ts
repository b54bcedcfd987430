/** Collects the names in `x-sluice-dropped` of every response, for any client. */
export class DroppedFields {
  readonly #fetch = globalThis.fetch;
  #answers: string[][] = [];

  start(): void {
    globalThis.fetch = async (input, init) => {
      const response = await this.#fetch(input, init);
      this.#answers.push((response.headers.get('x-sluice-dropped') ?? '').split(','));
      return response;
    };
  }

  stop(): void {
    globalThis.fetch = this.#fetch;
  }

  /** Returns the names per response since the last call. */
  take(): readonly (readonly string[])[] {
    const answers = this.#answers;
    this.#answers = [];
    return answers;
  }
}

/** Names of the fields that enable reasoning in the dialects. */
const REASONING = /^(?:reasoning|reasoning_effort|thinking|thinkingConfig)$/;

export const dropsReasoning = (names: readonly string[]): boolean => names.some((name) => REASONING.test(name));
