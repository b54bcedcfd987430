import type { RedisClient } from './connections.ts';

/**
 * Subscribes to channels for a while, on one connection. The first listener of a channel subscribes, the last one unsubscribes.
 *
 * Listeners are also called after a reconnect, because events may have been missed.
 */
export class Channels {
  readonly #subscriber: RedisClient;
  readonly #listeners = new Map<string, Set<() => void>>();

  constructor(subscriber: RedisClient) {
    this.#subscriber = subscriber;
    subscriber.on('message', (channel: string) => this.#call(channel));
    // ioredis subscribes again automatically
    subscriber.on('ready', () => {
      for (const channel of this.#listeners.keys()) this.#call(channel);
    });
  }

  /** Returns, once it listens, how to stop. @throws what Redis throws */
  async listen(channel: string, listener: () => void): Promise<() => void> {
    const known = this.#listeners.get(channel);
    const listeners = known ?? new Set();
    listeners.add(listener);
    this.#listeners.set(channel, listeners);
    const stop = (): void => this.#leave(channel, listeners, listener);
    try {
      // also for a further listener: the first one's subscription may still be on its way
      await this.#subscriber.subscribe(channel);
    } catch (error) {
      stop();
      throw error;
    }
    return stop;
  }

  #leave(channel: string, listeners: Set<() => void>, listener: () => void): void {
    listeners.delete(listener);
    if (listeners.size > 0 || this.#listeners.get(channel) !== listeners) return;
    this.#listeners.delete(channel);
    // where the connection is down, the subscription ends with it, or brings a message that has no listener
    this.#subscriber.unsubscribe(channel).catch(() => {});
  }

  #call(channel: string): void {
    for (const listener of this.#listeners.get(channel) ?? []) listener();
  }
}
