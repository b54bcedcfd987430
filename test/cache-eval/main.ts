// Reports which labelled pairs of questions the cache would serve (docs/caching.md, "Try your own pairs").
import { InputError } from './read-pairs.ts';
import { run } from './run.ts';

try {
  process.stdout.write(`${await run(process.argv.slice(2))}\n`);
} catch (error) {
  if (!(error instanceof InputError)) throw error;
  process.stderr.write(`cache-eval: ${error.message}\n`);
  process.exitCode = 1;
}
