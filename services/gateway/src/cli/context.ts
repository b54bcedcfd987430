import type { Command } from 'commander';
import { AdminClient, type Answer, readAdminKey } from './admin-client.ts';
import { type Column, table } from './output.ts';

/** Where a command reads and writes. */
export interface Terminal {
  readonly environment: NodeJS.ProcessEnv;
  /** Whether somebody looks at it. */
  readonly interactive: boolean;
  /** Ends what goes on until it is stopped. */
  readonly signal: AbortSignal;
  write(text: string): void;
  /** What is said about it, beside the output. */
  say(text: string): void;
}

/** What every command has: the terminal, the gateway, and how answers are shown. */
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

  /** One record or many, as JSON where that is wanted, or else as a table. */
  show<Row>(command: Command, rows: readonly Row[], columns: readonly Column<Row>[], whole: unknown = rows): void {
    if (this.wantsJson(command)) this.json(whole);
    else if (rows.length === 0) this.terminal.say('There is nothing to show.');
    else this.terminal.write(`${table(rows, columns)}\n`);
  }

  /** What was just made, whose secret goes to the output alone, so that it can be taken from there; what it is, is said beside it. */
  showSecret(command: Command, made: Answer, text: string): void {
    if (this.wantsJson(command)) {
      this.json(made);
      return;
    }
    this.terminal.say(`${text} This is shown once:`);
    this.terminal.write(`${made['secret']}\n`);
  }

  json(value: unknown): void {
    this.terminal.write(`${JSON.stringify(value, undefined, 2)}\n`);
  }
}
