import { unwatchFile, watchFile } from 'node:fs';
import { type Environment, type GatewayConfig, loadConfigFile } from '@sluice/config';

/** Polling sees what notifications miss: files that are bind mounts, or links that an orchestrator turns around. */
const INTERVAL_MS = 1_000;

export interface ConfigWatchOptions {
  readonly file: string;
  readonly environment: Environment;
  /** Takes the new configuration over, whole; what it throws refuses it. */
  readonly take: (config: GatewayConfig) => void;
  readonly onTaken: () => void;
  /** Told why a configuration was refused; the old one goes on. */
  readonly onRefused: (error: unknown) => void;
}

/** Follows a configuration file. Returns how to stop. */
export function watchConfig(options: ConfigWatchOptions): () => void {
  const { file, environment, take, onTaken, onRefused } = options;
  const onChange = (): void => {
    try {
      take(loadConfigFile(file, environment));
      onTaken();
    } catch (error) {
      onRefused(error);
    }
  };
  watchFile(file, { interval: INTERVAL_MS, persistent: false }, onChange);
  return () => unwatchFile(file, onChange);
}
