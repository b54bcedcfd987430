import { hash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { unreadable } from '@sluice/config';

/** Polling finds what notifications miss: bind mounts, and links that an orchestrator switches (Kubernetes ConfigMaps). */
const POLL_MS = 1_000;
/** A changed file is read when it has not changed for this time. */
const STABLE_MS = 250;

export interface ConfigWatchOptions {
  readonly file: string;
  /** Of the text in use. */
  readonly hash: string | undefined;
  /** Called with each changed text once the file is stable. What it throws refuses the text. */
  readonly take: (text: string, hash: string) => void;
  /** Called with the reason why a changed file was refused; the configuration in use goes on. */
  readonly onRefused: (error: unknown) => void;
  readonly pollMs?: number;
  readonly stableMs?: number;
}

/** Returns the hash by which a configuration's text is known: the SHA-256 in hex. */
export function hashOfConfig(text: string): string {
  return hash('sha256', text, 'hex');
}

/**
 * Follows a configuration file by its path, also where an editor replaces the file or an orchestrator the link to it. A file that is being written, or is
 * missing between two writes, is waited for.
 */
export class ConfigWatch {
  readonly #options: ConfigWatchOptions;
  readonly #stableMs: number;
  #hash: string | undefined;
  /** The state of the file that was taken or refused last. */
  #handled: string | undefined;
  /** The changed state that was seen last, and must be seen once more. */
  #seen: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: ConfigWatchOptions) {
    this.#options = options;
    this.#stableMs = options.stableMs ?? STABLE_MS;
    this.#hash = options.hash;
  }

  start(): void {
    this.#lookIn(this.#options.pollMs ?? POLL_MS);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #lookIn(ms: number): void {
    if (this.#stopped) return;
    // `#look` handles its errors
    this.#timer = setTimeout(() => void this.#look(), ms).unref();
  }

  async #look(): Promise<void> {
    const state = await this.#state();
    if (state === this.#handled) {
      this.#seen = undefined;
      this.#lookIn(this.#options.pollMs ?? POLL_MS);
      return;
    }
    const stable = state === this.#seen;
    this.#seen = state;
    if (stable) await this.#handle(state);
    this.#lookIn(this.#stableMs);
  }

  /** Reads the file, and takes it unless it changes meanwhile. */
  async #handle(state: string): Promise<void> {
    const { file, take, onRefused } = this.#options;
    try {
      const text = await readFile(file, 'utf8').catch((error: unknown) => {
        throw unreadable(file, error);
      });
      if ((await this.#state()) !== state || this.#stopped) return;
      this.#handled = state;
      const hash = hashOfConfig(text);
      if (hash === this.#hash) return;
      take(text, hash);
      this.#hash = hash;
    } catch (error) {
      this.#handled = state;
      onRefused(error);
    }
  }

  /** Returns a text that differs if the file was written, replaced or removed. */
  async #state(): Promise<string> {
    try {
      const { dev, ino, size, mtimeNs, ctimeNs } = await stat(this.#options.file, { bigint: true });
      return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
    } catch (error) {
      return String(error);
    }
  }
}
