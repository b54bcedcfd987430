import type { Command } from 'commander';
import { AdminClient, readAdminKey } from './admin-client.ts';
import { type Column, table } from './output.ts';

/** Input and output of a command. */
export interface Terminal {
  readonly environment: NodeJS.ProcessEnv;
  /** Whether the output is a terminal. */
  readonly interactive: boolean;
  /** Stops commands that run until they are interrupted. */
  readonly signal: AbortSignal;
  write(text: string): void;
  /** Writes a message to stderr, separate from the output. */
  say(text: string): void;
}

/** Shared parts of all commands: the terminal, the admin client, and the output format. */
export class Context {
  readonly terminal: Terminal;

  constructor(terminal: Terminal) {
    this.terminal = terminal;
  }

  client(command: Command): AdminClient {
    const { url, adminKeyFile } = command.optsWithGlobals<{ url: string; adminKeyFile?: string }>();
    return new AdminClient({
      url,
      key: readAdminKey(adminKeyFile, this.terminal.environment),
      signal: this.terminal.signal,
    });
  }

  wantsJson(command: Command): boolean {
    return command.optsWithGlobals<{ json?: boolean }>().json === true;
  }

  /** Shows records as JSON if requested, otherwise as a table. */
  show<Row>(command: Command, rows: readonly Row[], columns: readonly Column<Row>[], whole: unknown = rows): void {
    if (this.wantsJson(command)) this.json(whole);
    else if (rows.length === 0) this.terminal.say('No entries.');
    else this.terminal.write(`${table(rows, columns)}\n`);
  }

  /** Writes the secret of a new record to stdout, so that a script can capture it. The description goes to stderr. */
  showSecret(command: Command, made: { readonly secret?: string | undefined }, text: string): void {
    if (this.wantsJson(command)) {
      this.json(made);
      return;
    }
    this.terminal.say(`${text} This is shown once:`);
    this.terminal.write(`${made.secret}\n`);
  }

  json(value: unknown): void {
    this.terminal.write(`${JSON.stringify(value, undefined, 2)}\n`);
  }
}
