import { LlmError } from '@sluice/core';
import { historyOf, isReference, replayed } from './conversation-input.ts';
import { isId, type Json, outputOf, type StoredRecord } from './record.ts';
import type { ResponseArchive } from './response-archive.ts';

/** Responses that one conversation may have. */
const MAX_ANCESTORS = 1_000;

/** What a request refers to. */
export interface Resolved {
  /** The responses before, oldest first. */
  readonly before: readonly StoredRecord[];
  /** The input with the items that it refers to. */
  readonly input: unknown;
  /** The whole conversation, as a request of any provider has it. */
  readonly whole: readonly Json[];
}

/** Looks up what a request refers to (`previous_response_id`, `item_reference`). */
export class References {
  readonly #archive: Pick<ResponseArchive, 'find' | 'findByItem'>;

  constructor(archive: Pick<ResponseArchive, 'find' | 'findByItem'>) {
    this.#archive = archive;
  }

  /**
   * @throws LlmError `invalid_request` for an id that is not the tenant's, `responses_unavailable`
   */
  async resolve(tenant: string, { previous_response_id: previous, input }: Json): Promise<Resolved> {
    const before = previous == null ? [] : await this.#conversation(tenant, previous);
    const resolved = await this.#items(tenant, input);
    const added = typeof resolved === 'string' ? [{ type: 'message', role: 'user', content: resolved }] : (resolved as Json[]);
    return { before, input: resolved, whole: [...historyOf(before), ...added] };
  }

  async #conversation(tenant: string, previous: unknown): Promise<readonly StoredRecord[]> {
    const [last] = isId(previous) ? await this.#archive.find(tenant, [previous]) : [];
    if (last === undefined)
      throw unknown('previous_response_id', `There is no response '${String(previous).slice(0, 128)}' here`);
    const ancestors = await this.#archive.find(tenant, last.ancestors.slice(-MAX_ANCESTORS));
    const known = ancestors.filter((record) => record !== undefined);
    if (known.length < last.ancestors.length) throw unknown('previous_response_id', 'A response before this one is not here');
    return [...known, last];
  }

  async #items(tenant: string, input: unknown): Promise<unknown> {
    if (!Array.isArray(input)) return input ?? [];
    const ids = input.filter(isReference).map(({ id }) => id);
    if (ids.length === 0) return input;
    const records = await this.#archive.findByItem(tenant, ids);
    const items = new Map(ids.map((id, n) => [id, itemOf(records[n], id)]));
    return input.flatMap((item: Json, n) => {
      if (!isReference(item)) return [item];
      const found = items.get(item.id);
      if (found === undefined) throw unknown(`input[${n}].id`, `There is no item '${item.id}' here`);
      return replayed(found);
    });
  }
}

const itemOf = (record: StoredRecord | undefined, id: string): Json | undefined =>
  record === undefined ? undefined : outputOf(record).find((item) => item['id'] === id);

const unknown = (param: string, what: string): LlmError =>
  new LlmError('invalid_request', `${what}: it was not stored, has expired, or belongs to another tenant.`, { param });
