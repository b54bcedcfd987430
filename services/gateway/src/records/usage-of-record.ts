import { SUMMED_TOKENS, type SummedTokens } from '@sluice/core';
import type { AuditRecord } from '@sluice/proxies';
import { addUsage, type UsageSum } from '@sluice/store/ports';

/** A sum under construction. */
type Draft = { -readonly [Field in keyof UsageSum]: UsageSum[Field] };

/**
 * Returns the reason why a call was not answered; undefined for an answered call. A provider's own rejection has no error code
 * of the gateway.
 */
function reasonOf({ outcome, error }: AuditRecord): string | undefined {
  return outcome === 'answered' ? undefined : (error ?? 'rejected_by_provider');
}

const NO_TOKENS = Object.fromEntries(SUMMED_TOKENS.map((field) => [field, 0])) as Record<SummedTokens['field'], 0>;

/** Returns what a call adds to the sums of its hour. A call without a known key is added to the sums of no tenant and no key. */
export function usageOfRecord(record: AuditRecord): UsageSum {
  const { key, tenant, team, provider, model, outcome, cache, costNanos, savedNanos, inputTokens, latencyMs } = record;
  const hit = cache !== 'miss' && cache !== 'bypass';
  const used = inputTokens !== null && !hit;
  const sum: Draft = {
    ...NO_TOKENS,
    day: record.time.slice(0, 10),
    hour: record.time.slice(11, 13),
    tag: '',
    tenant: tenant ?? '',
    team: team ?? '',
    key: key ?? '',
    provider: provider ?? '',
    // clients can send arbitrary model names: a name without usage is not recorded
    model: used || hit ? (model ?? '') : '',
    calls: 1,
    errors: outcome === 'answered' ? 0 : 1,
    hits: hit ? 1 : 0,
    cost: costNanos ?? 0,
    saved: savedNanos ?? 0,
    unpriced: used && (costNanos === undefined || record.unpriced !== undefined) ? 1 : 0,
    latencyMs: Math.round(latencyMs),
  };
  // a cache hit was paid for earlier: its tokens are not counted again
  if (!hit) for (const field of SUMMED_TOKENS) sum[field] = record[field] ?? 0;
  const reason = reasonOf(record);
  return reason === undefined ? sum : { ...sum, reason };
}

/** Adds up the sums of each day and combination. */
export const mergeSums = (sums: Iterable<UsageSum>): UsageSum[] => [...addUsage(sums, nameOfSum).values()];

/** Returns a text that identifies a sum. No part of it has a line feed in it, and `combinationOf` takes five times as long. */
const nameOfSum = ({ day, hour, tag, tenant, team, key, provider, model, reason = '' }: UsageSum): string =>
  `${day}\n${hour}\n${tag}\n${tenant}\n${team}\n${key}\n${provider}\n${model}\n${reason}`;

/** Returns the daily sums of hourly sums. */
export const toDailySums = (sums: readonly UsageSum[]): UsageSum[] =>
  mergeSums(sums.filter(({ hour }) => hour !== '').map((sum) => ({ ...sum, hour: '' })));

/** Most distinct tags that one replica counts in a day; clients can send arbitrary tags. */
const MAX_TAGS = 10_000;
/** Tag under which further tags are counted. */
const OTHER = '(other)';

/** Computes the amounts that a call adds to the sums of its tags. */
export class TagUsage {
  #day = '';
  #seen = new Set<string>();

  of(sum: UsageSum, tags: AuditRecord['tags']): UsageSum[] {
    // a client without a key may send any tags: they must not use up the bound
    if (sum.key === '') return [];
    const names = Object.entries(tags).map(([name, value]) => this.#bounded(sum.day, `${name}=${value}`));
    // a call with two tags beyond the bound counts once
    return [...new Set(names)].map((tag) => ({ ...sum, hour: '', tag }));
  }

  #bounded(day: string, tag: string): string {
    if (day !== this.#day) {
      this.#day = day;
      this.#seen = new Set();
    }
    if (!this.#seen.has(tag) && this.#seen.size >= MAX_TAGS) return OTHER;
    this.#seen.add(tag);
    return tag;
  }
}
