import { hash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { unreadable } from '@sluice/config';

/**
 * Interval between polls. Polling finds changes that notifications miss: bind mounts, and links that an orchestrator switches
 * (Kubernetes ConfigMaps).
 */
const POLL_MS = 1_000;
/** Time without a change after which a changed file is read. */
const STABLE_MS = 250;

export interface ConfigWatchOptions {
  readonly file: string;
  /** Hash of the text in use. */
  readonly hash: string | undefined;
  /** Called with each changed text once the file is stable. The text is refused if this throws. */
  readonly take: (text: string, hash: string) => void;
  /** Called with the reason why a changed file was refused. The current configuration stays in use. */
  readonly onRefused: (error: unknown) => void;
  readonly pollMs?: number;
  readonly stableMs?: number;
}

/** Returns the hash that identifies a configuration's text: SHA-256 in hex. */
export function hashOfConfig(text: string): string {
  return hash('sha256', text, 'hex');
}

/**
 * Watches a configuration file by its path, even if an editor replaces the file or an orchestrator replaces the link to it.
 * Waits for a file that is being written, or that is missing between two writes.
 */
export class ConfigWatch {
  readonly #options: ConfigWatchOptions;
  readonly #stableMs: number;
  #hash: string | undefined;
  /** State of the file that was last loaded or refused. */
  #handled: string | undefined;
  /** Changed state that was seen last. It must be seen a second time before the file is read. */
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

  /** Reads the file and applies it, unless the file changes meanwhile. */
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
