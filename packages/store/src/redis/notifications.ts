import type { RedisClient } from './connections.ts';

/**
 * The messages of a channel, and `undefined` whenever messages may have been missed: while the connection was down, and after
 * the reconnect.
 */
export class Notifications {
  readonly #listeners = new Set<(message: string | undefined) => void>();

  constructor(subscriber: RedisClient, channel: string) {
    subscriber.on('message', (from: string, message: string) => {
      if (from === channel) this.#notify(message);
    });
    subscriber.on('close', () => this.#notify(undefined));
    const listen = (): void => {
      subscriber.subscribe(channel).then(
        () => this.#notify(undefined),
        () => {
          // the connection broke again; it is tried again when it is back
        },
      );
    };
    subscriber.on('ready', listen);
    if (subscriber.status === 'ready') listen();
  }

  /** Returns how to stop listening. */
  onNews(listener: (message: string | undefined) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #notify(message: string | undefined): void {
    for (const listener of this.#listeners) listener(message);
  }
}
