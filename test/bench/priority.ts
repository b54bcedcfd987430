import { readFileSync, writeFileSync } from 'node:fs';

const FILE = '/proc/self/autogroup';
/**
 * The priority of the bench's session. Linux groups processes by session (`man 7 sched`, autogroup) and ignores nice values
 * between sessions. At -15 a session has 28 times the weight of one with the default, 0.
 */
const NICE = -15;

const niceOf = (text: string): number => Number(/nice (-?\d+)/.exec(text)?.[1] ?? 0);

/**
 * Raises the priority of this session against other sessions of the machine. Returns a function that restores it; undefined if
 * the system does not permit a change. scripts/bench.mjs starts the bench in a session of its own.
 */
export function raisePriority(): (() => void) | undefined {
  try {
    const before = niceOf(readFileSync(FILE, 'utf8'));
    writeFileSync(FILE, String(NICE));
    return () => {
      try {
        writeFileSync(FILE, String(before));
      } catch {
        // the priority ends with the session
      }
    };
  } catch {
    return undefined;
  }
}
