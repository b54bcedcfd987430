import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, delimiter, dirname, join } from 'node:path';
import type { AgentKind } from './agent.ts';
import type { Recorder } from './recorder.ts';

const TIME_LIMIT_MS = 120_000;
/** Time for a process to exit after a signal, in milliseconds. */
const GRACE_MS = 2_000;
const FILES = ['first.txt', 'second.txt'] as const;
const FILE_TEXT = 'written by an agent';

export interface RunOptions {
  readonly model: string;
  readonly key: string;
  readonly recorder: Recorder;
  readonly recorderUrl: string;
  /** Folder in which npm has installed the agents. */
  readonly packages: string;
  readonly workspace: string;
}

/** The outcome of a run. Without faults the agent wrote the files, received no refusal, and called only the gateway. */
export interface RunOutcome {
  readonly faults: readonly string[];
  readonly calls: number;
  readonly ms: number;
  readonly output: string;
}

/** Runs an agent once in a separate folder, and ends all of its processes. */
export async function runAgent(kind: AgentKind, options: RunOptions): Promise<RunOutcome> {
  const { model, key, recorder, recorderUrl, packages, workspace } = options;
  const home = mkdtempSync(join(workspace, 'home-'));
  const folder = mkdtempSync(join(workspace, 'work-'));
  const written = FILES.map((name) => join(folder, name));
  const rounds = written.map((file) => `[[write ${file}|${FILE_TEXT}]]`);
  const prompt = `Write these files one after the other, then say that you are done. ${rounds.join(' ')}`;
  const { args, env, files = {} } = kind.command({ url: recorderUrl, key, model, prompt, home, folder });
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  recorder.take();
  const begun = performance.now();
  const { code, output } = await runCommand(join(packages, 'node_modules/.bin', kind.bin), args, {
    cwd: folder,
    env: { ...baseEnvironment(home, recorderUrl), ...env },
  });
  const ms = performance.now() - begun;
  const { calls, elsewhere } = recorder.take();
  const faults: string[] = [];
  for (const file of written) if (textOf(file) !== FILE_TEXT) faults.push(`no ${basename(file)}`);
  if (code !== 0) faults.push(code === undefined ? `no end within ${TIME_LIMIT_MS / 1_000} s` : `exit code ${code}`);
  for (const { route, status } of calls) if (status >= 400) faults.push(`${status} for ${route}`);
  if (calls.length <= FILES.length) faults.push('no tool loop');
  if (elsewhere.length > 0) faults.push(`asked ${elsewhere.join(', ')}`);
  rmSync(home, { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
  return { faults: [...new Set(faults)], calls: calls.length, ms, output };
}

/** Returns an environment without the caller's keys, with the recorder as the proxy for other hosts. */
const baseEnvironment = (home: string, proxy: string): Record<string, string> => ({
  PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}`,
  HOME: home,
  LANG: 'C.UTF-8',
  TERM: 'dumb',
  CI: '1',
  HTTP_PROXY: proxy,
  HTTPS_PROXY: proxy,
  http_proxy: proxy,
  https_proxy: proxy,
  NO_PROXY: '127.0.0.1,localhost',
  no_proxy: '127.0.0.1,localhost',
});

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trimEnd();
  } catch {
    return undefined;
  }
}

interface CommandOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions,
): Promise<{ readonly code: number | undefined; readonly output: string }> {
  return new Promise((resolve, reject) => {
    // a process group of its own, so that its child processes end with it
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    let output = '';
    let late = false;
    const endAll = (signal: NodeJS.Signals): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, signal);
      } catch {
        // the group has ended
      }
    };
    const timer = setTimeout(() => {
      late = true;
      endAll('SIGTERM');
      setTimeout(() => endAll('SIGKILL'), GRACE_MS).unref();
    }, TIME_LIMIT_MS);
    const keep = (chunk: Buffer): void => {
      output = `${output}${chunk.toString('utf8')}`.slice(-20_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', reject);
    child.on('exit', (code) => {
      clearTimeout(timer);
      endAll('SIGKILL');
      resolve({ code: late ? undefined : (code ?? 1), output });
    });
  });
}
