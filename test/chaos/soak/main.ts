// Breaks everything that can break, at random, under load: npm run soak -- --minutes 10 [--seed 42]
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { soak } from './soak.ts';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '5' }, seed: { type: 'string' } } });
const minutes = Number(values.minutes);
const seed = values.seed === undefined ? randomInt(1e9) : Number(values.seed);
if (!(minutes > 0) || !Number.isInteger(seed)) {
  process.stderr.write('soak: --minutes takes a number above zero, --seed a whole number\n');
  process.exit(1);
}
// processes started by the soak are killed at the exit of this process (test/support/kill-at-exit.ts)
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));
const say = (line: string): void => void process.stdout.write(`soak: ${line}\n`);
say(`${minutes} min, seed ${seed}`);
const { wrong, calls, faults, statuses, p99Ms } = await soak({ minutes, seed, report: say });
say(`${calls} calls, ${faults} faults, p99 ${p99Ms} ms, ${JSON.stringify(statuses)}`);
for (const line of wrong) say(`WRONG: ${line}`);
say(wrong.length === 0 ? 'nothing is wrong' : `${wrong.length} things are wrong; the same again with --seed ${seed}`);
process.exit(wrong.length === 0 ? 0 : 1);
