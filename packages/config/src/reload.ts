import { defined } from '@sluice/core';
import { ConfigError, type Environment, parseConfig } from './load.ts';
import type { GatewayConfig } from './schema/schema.ts';

const SECTIONS = ['keys', 'models', 'providers'] as const;

/** Matches lines without content: blank, a comment, a document marker. */
const NO_CONTENT = /^\s*(#.*|---\s*(#.*)?|\.\.\.)?$/;

/**
 * Parses a changed configuration file. Refuses an empty or truncated file, because another program may be writing it.
 *
 * @param file the name for messages
 * @throws ConfigError as `parseConfig`, for an empty file, and for a file that loses all keys, models or providers without
 * `reload.allowEmpty`
 */
export function parseChangedConfig(text: string, file: string, environment: Environment, inUse: GatewayConfig): GatewayConfig {
  if (text.split(/\r?\n/).every((line) => NO_CONTENT.test(line))) throw new ConfigError(`${file}: is empty`);
  const config = parseConfig(text, file, environment);
  if (config.reload.allowEmpty) return config;
  const lost = SECTIONS.filter((section) => countOf(inUse[section]) > 0 && countOf(config[section]) === 0);
  if (lost.length === 0) return config;
  throw new ConfigError(`${file}: has no ${lost.join(' and no ')} any more; set reload.allowEmpty: true if that is intended`);
}

const countOf = (section: object): number => Object.keys(section).length;

/** Fields that are read at the start only; `redis.maxReplicas` is not among them. */
const READ_AT_START: readonly (readonly [keyof GatewayConfig, string])[] = [
  ['redis', 'prefix'],
  ['redis', 'timeout'],
  ['redis', 'cacheTimeout'],
  ['usage', 'keep'],
  ['usage', 'keepDetailed'],
  ['audit', 'keep'],
  ['audit', 'shards'],
];

/** Returns the paths of changed fields that hold only after a restart. */
export function restartRequired(started: GatewayConfig, changed: GatewayConfig): string[] {
  return READ_AT_START.filter(([section, field]) => fieldOf(started, section, field) !== fieldOf(changed, section, field)).map(
    ([section, field]) => `${section}.${field}`,
  );
}

/** Returns a changed configuration with the values of the start in the fields that hold only after a restart. */
export function withStartValues(started: GatewayConfig, changed: GatewayConfig): GatewayConfig {
  const { prefix, timeout, cacheTimeout } = started.redis;
  const { cacheTimeout: _changed, ...redis } = changed.redis;
  return {
    ...changed,
    redis: { ...redis, prefix, timeout, ...defined({ cacheTimeout }) },
    usage: started.usage,
    audit: { ...changed.audit, keep: started.audit.keep, shards: started.audit.shards },
  };
}

function fieldOf(config: GatewayConfig, section: keyof GatewayConfig, field: string): unknown {
  return Object.entries(config[section]).find(([name]) => name === field)?.[1];
}
