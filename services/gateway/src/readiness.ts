/** What `/readyz` says. `degraded` is ready too. */
export interface Readiness {
  readonly ready: boolean;
  readonly text: string;
}

/**
 * Whether this replica is to be given calls. Not before Redis was there for the first time, for then not even one key could be checked; but
 * where Redis goes away later, all replicas would be taken out at once, while each could still answer much of what it is asked.
 */
export class ReadinessProbe {
  readonly #storeAnswers: () => boolean;
  #wasReady = false;
  #closing = false;

  constructor(storeAnswers: () => boolean) {
    this.#storeAnswers = storeAnswers;
  }

  /** The store has answered for the first time. */
  storeCame(): void {
    this.#wasReady = true;
  }

  close(): void {
    this.#closing = true;
  }

  get closing(): boolean {
    return this.#closing;
  }

  get(): Readiness {
    if (this.#closing) return { ready: false, text: 'stopping' };
    const answers = this.#storeAnswers();
    if (answers) this.#wasReady = true;
    if (!this.#wasReady) return { ready: false, text: 'not ready: Redis has not answered yet' };
    return { ready: true, text: answers ? 'ready' : 'ready, degraded: Redis is away' };
  }
}
