// Drives coding agents through a tool loop that writes files, on models of every dialect: npm run agents -- [--only NAME,…] [--models NAME,…] [--packages FOLDER] [--verbose]
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type StrictModel, startStrictStage } from '../support/strict-models.ts';
import { AGENTS } from './agents.ts';
import { installAgents } from './install-agents.ts';
import { Recorder } from './recorder.ts';
import { runAgent } from './run-agent.ts';
import { type AgentRow, printTable } from './table.ts';

/** Models of each dialect that a provider speaks. */
const MODELS: readonly StrictModel[] = [
  'openai/gpt-4o',
  'openai/gpt-5',
  'deepseek/deepseek-reasoner',
  'responses/gpt-5',
  'anthropic/claude-opus-4-7',
  'google/gemini-3-pro-preview',
  'bedrock/anthropic.claude-haiku-4-5-20251001-v1:0',
];
const KEY = 'key-of-the-agents';

const { values } = parseArgs({
  options: { only: { type: 'string' }, models: { type: 'string' }, packages: { type: 'string' }, verbose: { type: 'boolean' } },
});
const wanted = (list: string | undefined, name: string): boolean =>
  list === undefined || list.split(',').some((part) => name.toLowerCase().includes(part.toLowerCase()));

const agents = AGENTS.filter(({ name }) => wanted(values.only, name));
const workspace = mkdtempSync(join(tmpdir(), 'sluice-agents-'));
const packages = values.packages ?? join(workspace, 'packages');
mkdirSync(packages, { recursive: true });
const versions = installAgents(packages, [...new Set(agents.map((agent) => agent.package))]);

const stage = await startStrictStage(KEY, { script: true });
const recorder = new Recorder(stage.gateway.url);
const recorderUrl = await recorder.start();
const rows: AgentRow[] = [];
try {
  for (const agent of agents) {
    for (const model of MODELS.filter((name) => wanted(values.models, name))) {
      const unable = agent.unable?.[model];
      const version = versions.get(agent.package) ?? '';
      if (unable !== undefined) {
        rows.push({ agent: agent.name, version, model, outcome: `not driven: ${unable}`, failed: false });
        continue;
      }
      stage.simulator.journal.clear();
      const { faults, calls, ms, output } = await runAgent(agent, {
        model,
        key: KEY,
        recorder,
        recorderUrl,
        packages,
        workspace,
      });
      const refused = stage.simulator.journal.entries.filter(({ outcome }) => outcome === 'refused').length;
      const all = refused === 0 ? faults : [...faults, `${refused} refused by the model`];
      const outcome = all.length === 0 ? `wrote the files in ${calls} calls, ${Math.round(ms / 100) / 10} s` : all.join('; ');
      rows.push({ agent: agent.name, version, model, outcome, failed: all.length > 0 });
      process.stderr.write(`agents: ${agent.name}, ${model}: ${outcome}\n`);
      if (values.verbose === true && all.length > 0) process.stderr.write(`${output}\n`);
    }
  }
} finally {
  await recorder.close();
  await stage.close();
  rmSync(workspace, { recursive: true, force: true });
}
printTable(rows);
process.exit(rows.some(({ failed }) => failed) ? 1 : 0);
