/** Response of `/readyz`. A degraded replica is ready too. */
export interface Readiness {
  readonly ready: boolean;
  readonly text: string;
}

/**
 * Reports whether this replica can receive calls. It is not ready before the first connection to Redis: until then no key can
 * be checked. It stays ready if Redis fails later. Otherwise all replicas would leave the load balancer at once, while each can
 * still serve most calls.
 */
export class ReadinessProbe {
  #isStoreHealthy: () => boolean = () => false;
  #wasReady = false;
  #closing = false;

  /** @param isStoreHealthy returns whether the store responds now */
  watch(isStoreHealthy: () => boolean): void {
    this.#isStoreHealthy = isStoreHealthy;
  }

  /** Records the first connection to the store. */
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
    const healthy = this.#isStoreHealthy();
    if (healthy) this.#wasReady = true;
    if (!this.#wasReady) return { ready: false, text: 'not ready: Redis has not been available yet' };
    return { ready: true, text: healthy ? 'ready' : 'ready, degraded: Redis is unavailable' };
  }
}
