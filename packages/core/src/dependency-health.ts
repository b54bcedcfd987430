/**
 * Reports success or failure of a dependency, so that running on a fallback shows in metrics and logs. Cheap enough to call per
 * request.
 */
export interface DependencyHealth {
  success(): void;
  /** Reports a failure. The caller continues with its fallback. */
  failure(error: unknown): void;
}

/** Discards all reports. */
export const noopHealth: DependencyHealth = { success: () => {}, failure: () => {} };
