import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Keeps a replica's memory small. Takes about 0.1 s and is called before there are calls.
 *
 * It costs nothing while no call survives two young collections: then there is nothing to compact (docs/performance.md).
 */
export function configureHeap(): void {
  // by default V8 lets the heap grow to four times the live objects before it collects garbage
  setFlagsFromString('--heap-growing-percent=100');
  // without `--expose-gc` on the command line, only contexts created after this call have `gc`
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as NodeJS.GCFunction;
  // garbage from loading the modules is a quarter of an idle replica's memory; a regular collection would keep the young
  // generation as large as loading made it
  gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
