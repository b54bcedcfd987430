/** The state of a target with an open circuit or a cooldown. Both end automatically. */
export interface CircuitState {
  /** Milliseconds until half-open. 0: half-open now; undefined: closed. */
  readonly openMs?: number;
  /** Remaining cooldown in milliseconds, as the provider requested it. Undefined without one. */
  readonly coolingMs?: number;
}

/** Circuits of targets, shared by all replicas. Read and written in the background; only a probe waits for a response. */
export interface Circuits {
  open(target: string, forMs: number): Promise<void>;
  close(target: string): Promise<void>;
  /** Of two spans the one that ends later holds. */
  startCooldown(target: string, forMs: number): Promise<void>;
  /** Acquires the probe of a half-open circuit. For `forMs` no other call of any replica receives it. */
  acquireProbe(target: string, forMs: number): Promise<boolean>;
  /** Acquires the probe of a target in a long cooldown. For `forMs` no other call of any replica receives it. */
  acquireCooldownProbe(target: string, forMs: number): Promise<boolean>;
  /** Ends a cooldown: the target answers again. */
  endCooldown(target: string): Promise<void>;
  states(): Promise<ReadonlyMap<string, CircuitState>>;
  /** Calls the listener when a circuit has changed, or may have. Returns a function that stops listening. */
  onChange(listener: () => void): () => void;
}
