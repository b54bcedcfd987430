import { readFileSync } from 'node:fs';
import { LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { plainIssues } from './issues.ts';
import { configSchema, type GatewayConfig } from './schema/schema.ts';

/**
 * An invalid configuration: the file, the path of the field and the expected value. It never contains the actual value, which
 * may be a secret.
 */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** @throws ConfigError */
export function loadConfigFile(file: string, environment: Environment): GatewayConfig {
  return parseConfig(readConfigFile(file), file, environment);
}

/** Returns the text of a configuration file. @throws ConfigError */
export function readConfigFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw unreadable(file, error);
  }
}

/** Describes why a file cannot be read. */
export function unreadable(file: string, error: unknown): ConfigError {
  const { code = 'unknown reason' } = error as NodeJS.ErrnoException;
  return new ConfigError(`${file}: cannot be read (${code})`);
}

/**
 * @param file the name that messages use
 * @throws ConfigError
 */
export function parseConfig(text: string, file: string, environment: Environment): GatewayConfig {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const [fault] = document.errors;
  if (fault !== undefined) {
    const { line, col } = lines.linePos(fault.pos[0]);
    throw new ConfigError(`${file}:${line}:${col}: ${fault.code}: not valid YAML`);
  }
  return checkConfig(withVariables(document.toJS() ?? {}, environment, file, []), file);
}

/** Checks a configuration that is an object already. @throws ConfigError */
export function checkConfig(value: unknown, file: string): GatewayConfig {
  const result = configSchema.safeParse(value);
  if (!result.success)
    throw new ConfigError(
      plainIssues(result.error.issues)
        .map((issue) => describe(issue, file))
        .join('\n'),
    );
  const config = result.data;
  const problems = [...crossChecks(config)];
  if (problems.length > 0) throw new ConfigError(problems.map((problem) => `${file}: ${problem}`).join('\n'));
  return config;
}

function* crossChecks(config: GatewayConfig): Generator<string> {
  const names = new Set<string>();
  const secrets = new Set<string>();
  for (const [n, key] of config.keys.entries()) {
    if (names.has(key.name)) yield `keys[${n}].name: another key has this name already`;
    if (secrets.has(key.secret)) yield `keys[${n}].secret: another key has this secret already`;
    const team = key.team === undefined ? undefined : config.teams[key.team];
    if (key.team !== undefined && team === undefined) yield `keys[${n}].team: there is no team '${key.team}' under teams`;
    if (team !== undefined && key.tenant !== undefined && key.tenant !== team.tenant)
      yield `keys[${n}].tenant: expected '${team.tenant}', the tenant of the team '${key.team}'`;
    names.add(key.name);
    secrets.add(key.secret);
  }
  const admins = new Set<string>();
  for (const [n, admin] of config.admins.entries()) {
    if (admins.has(admin.name)) yield `admins[${n}].name: another administrator has this name already`;
    if (secrets.has(admin.secret)) yield `admins[${n}].secret: a key or another administrator has this secret already`;
    if (admin.role === 'team' && admin.team === undefined)
      yield `admins[${n}].team: an administrator with the role 'team' needs a team`;
    admins.add(admin.name);
    secrets.add(admin.secret);
  }
  const issuers = new Set<string>();
  for (const [n, { name, issuer, teamClaim, teams, tenant }] of config.jwt.entries()) {
    if (issuers.has(issuer)) yield `jwt[${n}].issuer: stands there twice`;
    if (config.jwt.findIndex((other) => other.name === name) < n) yield `jwt[${n}].name: another issuer has this name already`;
    if (teamClaim === undefined && tenant === undefined) yield `jwt[${n}].tenant: is needed where no teamClaim tells a team`;
    if (teams !== undefined && teamClaim === undefined) yield `jwt[${n}].teamClaim: is needed for teams`;
    issuers.add(issuer);
  }
}

/** Replaces `${NAME}` in every string by the value of the environment variable; `$${` writes `${`. */
function withVariables(value: unknown, environment: Environment, file: string, path: (string | number)[]): unknown {
  if (typeof value === 'string') {
    return value.replace(/\$\$\{|\$\{([^}]*)\}/g, (match, name: string | undefined) => {
      if (match === '$${') return '${';
      const found = name === undefined ? undefined : environment[name];
      if (found === undefined) throw new ConfigError(`${file}: ${pathOf(path)}: the environment has no variable ${name}`);
      return found;
    });
  }
  if (Array.isArray(value)) return value.map((one, n) => withVariables(one, environment, file, [...path, n]));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, one]) => {
        // schemas drop this name silently
        if (key === '__proto__') throw new ConfigError(`${file}: ${pathOf([...path, key])}: is not a name that a field may have`);
        return [key, withVariables(one, environment, file, [...path, key])];
      }),
    );
  }
  return value;
}

function describe(issue: z.core.$ZodIssue, file: string): string {
  const at = issue.path.length === 0 ? '' : `${pathOf(issue.path)}: `;
  if (issue.code === 'unrecognized_keys') return `${file}: ${at}unknown field ${issue.keys.map((key) => `'${key}'`).join(', ')}`;
  return `${file}: ${at}${issue.message}`;
}

function pathOf(path: readonly PropertyKey[]): string {
  return path.map((part, n) => (typeof part === 'number' ? `[${part}]` : `${n === 0 ? '' : '.'}${String(part)}`)).join('');
}
