import { readdirSync, readFileSync } from 'node:fs';

/** CPU time of processes so far, in microseconds. */
export interface CpuTimes {
  /** Over all threads. */
  readonly runMicros: number;
  /** Of the main threads alone. */
  readonly mainRunMicros: number;
  /** Time that the main threads spent runnable without a CPU. */
  readonly mainWaitMicros: number;
}

export const NO_TIMES: CpuTimes = { runMicros: 0, mainRunMicros: 0, mainWaitMicros: 0 };

/** Parses Linux' `schedstat` of a thread: time on a CPU and time on a run queue, in nanoseconds, and the number of time slices. */
export function parseSchedstat(text: string): { readonly runMicros: number; readonly waitMicros: number } {
  const [runNs = '0', waitNs = '0'] = text.trim().split(' ');
  return { runMicros: Number(runNs) / 1_000, waitMicros: Number(waitNs) / 1_000 };
}

/** Returns the CPU times of a process; undefined if the system does not report them. */
export function cpuTimes(pid: number): CpuTimes | undefined {
  try {
    const folder = `/proc/${pid}/task`;
    let times = NO_TIMES;
    for (const thread of readdirSync(folder)) {
      const { runMicros, waitMicros } = parseSchedstat(readFileSync(`${folder}/${thread}/schedstat`, 'utf8'));
      const main = thread === String(pid);
      times = sumOf(times, { runMicros, mainRunMicros: main ? runMicros : 0, mainWaitMicros: main ? waitMicros : 0 });
    }
    return times;
  } catch {
    return undefined;
  }
}

export function sumOf(one: CpuTimes, other: CpuTimes): CpuTimes {
  return {
    runMicros: one.runMicros + other.runMicros,
    mainRunMicros: one.mainRunMicros + other.mainRunMicros,
    mainWaitMicros: one.mainWaitMicros + other.mainWaitMicros,
  };
}

/** Parses the parent's id in Linux' `/proc/PID/stat`. The command in parentheses may have spaces and parentheses. */
export const parseParent = (stat: string): number => Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);

/** Returns a process and all its descendants. */
export function withDescendants(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      parents.set(Number(name), parseParent(readFileSync(`/proc/${name}/stat`, 'utf8')));
    } catch {
      // the process ended meanwhile
    }
  }
  const found = [pid];
  for (const parent of found) for (const [child, ofChild] of parents) if (ofChild === parent) found.push(child);
  return found;
}

/**
 * Returns the share of CPU that a process got of the CPU that it could use: run time / (run time + wait), from 0 to 1. On one
 * CPU the main thread also waits while other threads of its process run (V8's collector); that time is not a disturbance and
 * is subtracted from the wait.
 */
export function shareOfCpu(before: CpuTimes, after: CpuTimes): number {
  const run = after.runMicros - before.runMicros;
  const otherThreads = run - (after.mainRunMicros - before.mainRunMicros);
  const wait = Math.max(0, after.mainWaitMicros - before.mainWaitMicros - otherThreads);
  return run === 0 ? 1 : run / (run + wait);
}

/** Ticks of a CPU since the system started. */
export interface Ticks {
  readonly all: number;
  /** Ticks in which the hypervisor ran another machine. */
  readonly steal: number;
}

/** Parses the line of a CPU in Linux' `/proc/stat` (`man 5 proc_stat`). Without a number it is the sum of all CPUs. */
export function parseTicks(stat: string, cpu?: number): Ticks {
  const line = new RegExp(`^cpu${cpu ?? ''} +(.*)$`, 'm').exec(stat)?.[1] ?? '';
  // user, nice, system, idle, iowait, irq, softirq, steal; the guest times after them are part of user and nice
  const ticks = line.split(' ').slice(0, 8).map(Number);
  return { all: ticks.reduce((sum, one) => sum + one, 0), steal: ticks[7] ?? 0 };
}

/** Returns the ticks of a CPU; zeros if the system does not report them. */
export function ticksOf(cpu?: number): Ticks {
  try {
    return parseTicks(readFileSync('/proc/stat', 'utf8'), cpu);
  } catch {
    return { all: 0, steal: 0 };
  }
}

/** Returns the share of time that the hypervisor gave to other machines, from 0 to 1. */
export function shareOfSteal(before: Ticks, after: Ticks): number {
  return after.all === before.all ? 0 : (after.steal - before.steal) / (after.all - before.all);
}

/** Pins a process to a CPU of its own, if the machine has two and permits it. Returns the command to start. */
export function pinnedTo(cpu: number, pinning: boolean, command: string, args: readonly string[]): [string, string[]] {
  return pinning ? ['taskset', ['-c', String(cpu), command, ...args]] : [command, [...args]];
}
