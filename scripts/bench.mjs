// Compares the gateway with a bare pass-through: node scripts/toolchain.mjs bench [--quick] [--gate] [--only=PART,…] [--calls=N] [--write]
//   --quick    measures for two minutes only: calls, Redis, garbage, start, metrics, memory
//   --gate     fails if a measurement misses its gate (test/bench/goals.ts)
//   --only=    runs these parts only: calls, redis, garbage, cache, start, metrics, latency, replicas, profile, peers, growth, translation, memory
//   --calls=N  number of calls of the memory measurement; one million by default
//   --write    writes the results to docs/performance.md, docs/measured/ and README.md
import { spawn } from 'node:child_process';

// a session of its own: its priority against other sessions can be raised (test/bench/priority.ts)
const bench = spawn(process.execPath, ['test/bench/main.ts', ...process.argv.slice(2)], { stdio: 'inherit', detached: true });
// a terminal sends Ctrl-C only to its own session
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => bench.kill(signal === 'SIGHUP' ? 'SIGTERM' : signal));
bench.on('error', (error) => {
  process.stderr.write(`bench: ${error.message}\n`);
  process.exitCode = 1;
});
bench.on('exit', (status) => {
  process.exitCode = status ?? 1;
});
