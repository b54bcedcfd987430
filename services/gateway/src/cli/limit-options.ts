import { BOUNDS, budgetLimit, longDurationMs, windowLimit } from '@sluice/config';
import { defined } from '@sluice/core';
import { type Command, InvalidArgumentError } from 'commander';

/** Returns a parser that validates text with a schema and returns it unchanged. The gateway parses it again. */
const as =
  (
    schema: { safeParse(text: unknown): { success: boolean; error?: { issues: { message: string }[] } } },
    written = (text: string) => text,
  ) =>
  (text: string): string => {
    const value = written(text);
    const parsed = schema.safeParse(value);
    if (!parsed.success) throw new InvalidArgumentError(parsed.error?.issues[0]?.message ?? 'is wrong');
    return value;
  };

/** Adds the currency: `50/month` becomes `50 USD/month`. */
const withCurrency = (text: string): string => text.replace(/^(\d+(?:\.\d+)?)(?= ?\/|$| soft$)/, '$1 USD');

export function wholeNumber(text: string): number {
  const number = /^[1-9]\d{0,14}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= BOUNDS.windowLimit) return number;
  throw new InvalidArgumentError(`expected a whole number from 1 to ${BOUNDS.windowLimit}`);
}

/** Collects the values of an option that may be repeated. */
const gathered = (text: string, before: readonly string[] = []): string[] => [...before, text];

export function pairs(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1 || at === text.length - 1) throw new InvalidArgumentError('expected NAME=VALUE');
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

/** Parses a date, or a time from now such as `30d`. */
export function moment(text: string): string {
  const duration = longDurationMs.safeParse(text);
  if (duration.success) return new Date(Date.now() + duration.data).toISOString();
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw new InvalidArgumentError('expected a date such as 2027-01-31, or a time from now such as 30d');
  return new Date(at).toISOString();
}

/** Collects limits over windows of different lengths. All of them apply. */
const windows = (text: string, before: readonly string[] = []): string[] => [...before, as(windowLimit)(text)];

const budgets = (text: string, before: readonly string[] = []): string[] => [...before, as(budgetLimit, withCurrency)(text)];

/** Returns one limit as a string, several as a list, and none as undefined. */
function together(perMinute: number | undefined, others: readonly string[] = []): string | readonly string[] | undefined {
  const all = [...(perMinute === undefined ? [] : [`${perMinute}/min`]), ...others];
  return all.length > 1 ? all : all[0];
}

const nonEmpty = (fields: object): object | undefined => (Object.keys(fields).length === 0 ? undefined : fields);

interface LimitOptions {
  readonly rpm?: number;
  readonly tpm?: number;
  readonly requests?: string[];
  readonly tokens?: string[];
  readonly concurrent?: number;
  readonly budget?: string[];
  readonly unpriced?: string;
  readonly meta?: Record<string, string>;
}

/** Adds the options that keys, teams and tenants share. */
export const addLimitOptions = (command: Command): Command =>
  command
    .option('--rpm <n>', 'requests per minute', wholeNumber)
    .option('--tpm <n>', 'tokens per minute, input and output', wholeNumber)
    .option('--requests <limit>', 'requests per window: 1000/h (repeatable, in addition to --rpm)', windows)
    .option('--tokens <limit>', 'tokens per window: 1000000/day (repeatable, in addition to --tpm)', windows)
    .option('--concurrent <n>', 'concurrent calls', wholeNumber)
    .option('--budget <amount>', 'US dollars: 50/month, 5/day, 100, "5/day soft" (repeatable)', budgets)
    .option('--unpriced <what>', 'calls with an unknown price: serve or refuse')
    .option('--meta <name=value>', 'metadata to store with it (repeatable)', pairs);

/** Converts the options to the format of the admin API. */
export function limitsOf({ rpm, tpm, requests, tokens, concurrent, budget, unpriced, meta }: LimitOptions): object {
  const limits = defined({ requests: together(rpm, requests), tokens: together(tpm, tokens), concurrent, unpriced });
  return defined({ limits: nonEmpty(limits), budget: together(undefined, budget), metadata: meta });
}

interface KeyOptions extends LimitOptions {
  readonly team?: string;
  readonly tenant?: string;
  readonly model?: string[];
  readonly route?: string[];
  readonly ip?: string[];
  readonly tag?: Record<string, string>;
  readonly near?: boolean;
  readonly coalesce?: boolean;
  readonly cacheTtl?: string;
  readonly expires?: string;
  readonly userRpm?: number;
  readonly userBudget?: string;
}

function onOrOff(text: string): boolean {
  if (text !== 'on' && text !== 'off') throw new InvalidArgumentError('expected on or off');
  return text === 'on';
}

export const addKeyOptions = (command: Command): Command =>
  addLimitOptions(command)
    .option('--team <name>', 'team of the key')
    .option('--model <pattern>', 'allowed model, "*" for any characters (repeatable)', gathered)
    .option('--route <pattern>', 'allowed route: "/v1/chat/*" (repeatable)', gathered)
    .option('--ip <network>', 'allowed client network: 10.0.0.0/8 (repeatable)', gathered)
    .option('--tag <name=value>', 'tag of each of its calls (repeatable)', pairs)
    .option('--near <on|off>', 'serve questions by the response to another wording', onOrOff)
    .option('--coalesce <on|off>', 'share one call to a provider between identical calls in flight', onOrOff)
    .option('--cache-ttl <duration>', 'lifetime of its cache entries: 10m')
    .option('--expires <when>', 'expiry: 2027-01-31, or 30d from now', moment)
    .option('--user-rpm <n>', 'requests per minute of each end user (the tag `user`)', wholeNumber)
    .option('--user-budget <amount>', 'budget of each end user in US dollars', as(budgetLimit, withCurrency));

export function keyTermsOf(options: KeyOptions): object {
  const { team, tenant, model, route, ip, tag, expires, userRpm, userBudget, near, coalesce, cacheTtl } = options;
  const requests = userRpm === undefined ? undefined : `${userRpm}/min`;
  const users = defined({ limits: nonEmpty(defined({ requests })), budget: userBudget });
  return {
    ...limitsOf(options),
    ...defined({
      team,
      tenant,
      models: model,
      routes: route,
      allowedIps: ip,
      tags: tag,
      expiresAt: expires,
      cache: nonEmpty(defined({ near, coalesce, ttl: cacheTtl })),
      users: nonEmpty(users),
    }),
  };
}

/** Converts names of fields to remove into the nulls of a patch. `limits.requests` names one of the limits. */
export function unset(names: readonly string[] = []): object {
  const gone: Record<string, unknown> = {};
  for (const name of names) {
    const [field = '', part] = name.split('.');
    gone[field] = part === undefined ? null : { ...(gone[field] as object | undefined), [part]: null };
  }
  return gone;
}

/** Combines changed and removed fields, with the limits of both merged. */
export function patchOf(set: object, names: readonly string[] | undefined): object {
  const gone = unset(names) as { limits?: object };
  const { limits } = set as { limits?: object };
  const both = limits === undefined && gone.limits === undefined ? undefined : { ...limits, ...gone.limits };
  return { ...set, ...gone, ...defined({ limits: both }) };
}

export const unsetOption = [
  '--unset <field>',
  'remove a field: budget, models, limits.requests, … (repeatable)',
  gathered,
] as const;
