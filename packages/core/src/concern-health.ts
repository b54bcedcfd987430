/** Told by a concern whether what it relies on served it, so that no fallback is silent. Cheap enough to be told at each call. */
export interface ConcernHealth {
  works(): void;
  /** The concern goes on by its fallback. */
  failed(error: unknown): void;
}

/** Where nobody watches. */
export const unwatched: ConcernHealth = { works: () => {}, failed: () => {} };
