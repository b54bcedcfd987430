/** What is known of a target that is not simply to be asked. Both spans are over by themselves. */
export interface CircuitState {
  /** So long it is not to be asked, in milliseconds: it has failed. Zero where one call may try whether it works again; undefined where it works. */
  readonly openMs?: number;
  /** So long it wants to be left alone, in milliseconds: it said that it is asked too often. */
  readonly coolingMs?: number;
}

/** Which targets do not work now, as all replicas know it. Asked and told in the background; only who tries one again asks first. */
export interface Circuits {
  open(target: string, forMs: number): Promise<void>;
  close(target: string): Promise<void>;
  /** Of two spans the one that ends later holds. */
  cool(target: string, forMs: number): Promise<void>;
  /** Whether the caller is the one, of all replicas, to try a target whose time is over. Nobody else is for `forMs`. */
  probe(target: string, forMs: number): Promise<boolean>;
  /** Whether the caller is the one, of all replicas, to try a target that cools. Nobody else is for `forMs`. */
  probeCooling(target: string, forMs: number): Promise<boolean>;
  /** Ends a cooldown: the target answers again. */
  warm(target: string): Promise<void>;
  states(): Promise<ReadonlyMap<string, CircuitState>>;
  /** Told when something has changed, or may have. Returns how to stop listening. */
  onChange(listener: () => void): () => void;
}
