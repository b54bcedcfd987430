/** Sums over collections of V8's heap. */
export interface Collections {
  readonly count: number;
  readonly allocatedBytes: number;
  /** Bytes that young collections moved to the old generation. */
  readonly promotedBytes: number;
  /** Bytes that young collections kept in the young generation. */
  readonly copiedBytes: number;
  /** Time that the collections paused JavaScript. */
  readonly pauseMs: number;
}

/**
 * Parses the output of V8's `--trace-gc-nvp`: one line of `name=value` pairs per collection. `allocated` is the number of bytes
 * since the previous collection. Other lines are ignored.
 */
export function parseCollections(output: string): Collections {
  const sums = { count: 0, allocatedBytes: 0, promotedBytes: 0, copiedBytes: 0, pauseMs: 0 };
  for (const line of output.split('\n')) {
    const values = new Map([...line.matchAll(/(?:^|\s)([\w.]+)=(\S+)/g)].map(([, name = '', value = '']) => [name, value]));
    if (!values.has('pause') || !values.has('gc')) continue;
    const number = (name: string): number => Number(values.get(name) ?? 0);
    sums.count++;
    sums.allocatedBytes += number('allocated');
    sums.pauseMs += number('pause');
    // a full collection moves every young object that is alive, also the ones of calls in flight
    if (values.get('gc') !== 's') continue;
    sums.promotedBytes += number('promoted');
    sums.copiedBytes += number('new_space_survived');
  }
  return sums;
}

/** Garbage of one call. */
export interface GarbagePerCall {
  readonly allocatedKb: number;
  readonly promotedKb: number;
  readonly promotedPercent: number;
  readonly copiedKb: number;
  readonly pauseMicros: number;
}

export function perCall(sums: Collections, calls: number): GarbagePerCall {
  const kb = (bytes: number): number => bytes / 1_024 / calls;
  return {
    allocatedKb: kb(sums.allocatedBytes),
    promotedKb: kb(sums.promotedBytes),
    promotedPercent: (sums.promotedBytes / sums.allocatedBytes) * 100,
    copiedKb: kb(sums.copiedBytes),
    pauseMicros: (sums.pauseMs * 1_000) / calls,
  };
}
