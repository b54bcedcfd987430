import tab from '@bomb.sh/tab/commander';
import { Command, CommanderError } from 'commander';
import { VERSION } from '../version.ts';
import { addAdmins } from './admins.ts';
import { addAudit } from './audit.ts';
import { addCache } from './cache.ts';
import { addChanges } from './changes.ts';
import { CliError, EXIT } from './cli-error.ts';
import { addConfig } from './config.ts';
import { Context, type Terminal } from './context.ts';
import { addGroups } from './groups.ts';
import { addKeys } from './keys.ts';
import { addProviders } from './providers.ts';
import { addTop } from './top.ts';
import { addUsage } from './usage.ts';

const DEFAULT_URL = 'http://127.0.0.1:8081';

const HELP = `
Environment:
  SLUICE_ADMIN_URL   URL of the admin API (${DEFAULT_URL})
  SLUICE_ADMIN_KEY   an administrator's key

Examples:
  sluice keys create --team web --rpm 60 --budget 50/month
  sluice usage --by team --since 7d
  sluice audit tail --outcome failed
  source <(sluice completion bash)

Exit codes: 0 success, 1 refused or failed, 2 usage error, 3 gateway unreachable`;

function createProgram(terminal: Terminal): Command {
  const context = new Context(terminal);
  const program = new Command('sluice')
    .description('Administers a Sluice gateway.')
    .version(VERSION)
    .option('--url <url>', 'URL of the admin API', terminal.environment['SLUICE_ADMIN_URL'] ?? DEFAULT_URL)
    .option('--admin-key-file <file>', "file with an administrator's key, instead of SLUICE_ADMIN_KEY")
    .option('--json', 'print JSON')
    .showHelpAfterError('(use --help for more information)')
    .exitOverride()
    .configureOutput({ writeOut: (text) => terminal.write(text), writeErr: (text) => terminal.say(text.trimEnd()) })
    .addHelpText('after', HELP);
  addKeys(program, context);
  for (const kind of ['team', 'tenant'] as const) addGroups(program, context, kind);
  addAdmins(program, context);
  addUsage(program, context);
  addAudit(program, context);
  addChanges(program, context);
  addProviders(program, context);
  addCache(program, context);
  addConfig(program, context);
  addTop(program, context);
  tab(program, { completionCommandName: 'completion' });
  return program;
}

/** Runs one command and returns the exit code. */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    await createProgram(terminal).parseAsync(args, { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    // Ctrl-C is the regular end of a live view
    if (terminal.signal.aborted) return EXIT.ok;
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (!(error instanceof CliError)) throw error;
    terminal.say(`sluice: ${error.message}`);
    return error.exitCode;
  }
}
