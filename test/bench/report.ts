import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { GOALS, type Goal, type GoalName, type Results } from './goals.ts';

export interface Machine {
  readonly date: string;
  readonly node: string;
  readonly cpus: string;
  readonly memoryGiB: number;
  readonly rig: string;
  readonly pinned: boolean;
  /** Whether the session of the bench has a higher priority than others. */
  readonly raised: boolean;
}

export function machine(rig: string, pinned: boolean, raised: boolean): Machine {
  return {
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
    cpus: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}`,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    rig,
    pinned,
    raised,
  };
}

export function machineText({ date, node, cpus, memoryGiB, rig, pinned, raised }: Machine): string {
  const place = pinned
    ? 'the measured process on one CPU, everything else (generator, upstream, Redis) on another'
    : 'nothing pinned to a CPU: compare with care';
  return `${date}: Node.js ${node}, ${cpus}, ${memoryGiB} GiB; ${rig}; ${place}; ${raised ? 'a raised' : 'the default'} priority of the session.`;
}

/** Returns a table of every measured goal with its result. */
export function goalsTable(results: Results): string {
  const rows = (Object.keys(GOALS) as GoalName[]).flatMap((name) => {
    const { what, goal, unit }: Goal = GOALS[name];
    const found = results[name];
    if (found === undefined) return [];
    const show = (value: number): string => `${Number(value.toFixed(value < 20 ? 2 : 0))}${unit === '' ? '' : ` ${unit}`}`;
    return [`| ${what} | ≤ ${show(goal)} | ${show(found)} | ${found <= goal ? 'yes' : '**no**'} |`];
  });
  return ['| what | goal | measured | met |', '|---|---|---|---|', ...rows].join('\n');
}

/** Replaces the text between the marks in a document. */
export function writeBetween(file: string, mark: string, text: string): void {
  const [begin, end] = [`<!-- ${mark} -->`, `<!-- /${mark} -->`];
  const document = readFileSync(file, 'utf8');
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from === -1 || to === -1) throw new Error(`${file} lacks the marks for measured text (${begin} … ${end})`);
  writeFileSync(file, `${document.slice(0, from + begin.length)}\n${text}\n${document.slice(to)}`);
}
