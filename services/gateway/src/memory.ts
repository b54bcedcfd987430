import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Keeps a replica's memory near what it needs, for one or two hundredths of its CPU (docs/performance.md). Takes about a tenth of a second, and is
 * for before there are calls.
 */
export function keepMemorySmall(): void {
  // left to itself V8 lets the heap grow to four times what lives in it before it looks for what does not
  setFlagsFromString('--heap-growing-percent=100');
  // where `--expose-gc` was not given, contexts that are made after it was set have `gc` all the same
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as NodeJS.GCFunction;
  // what loading the modules left behind is a quarter of an idle replica; the regular kind leaves the nursery as large as the loading has made it
  gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
