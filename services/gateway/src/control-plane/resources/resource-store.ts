import type { Registry, RegistryKind, RegistryRecords } from '@sluice/store/ports';
import { AdminError } from '../admin-error.ts';

/** The next version of a record, with its journal line. */
export interface Edited<Stored> {
  readonly record: Stored;
  readonly change: string;
}

/** Reads and writes the records of a kind. A write includes the journal line of the change, both or neither. */
export interface ResourceStore<Stored> {
  /** Reads changes by other replicas, if the records are cached. */
  refresh(): Promise<void>;
  find(name: string): Stored | undefined | Promise<Stored | undefined>;
  /** Returns false if the name is taken. */
  create(record: Stored, change: string): Promise<boolean>;
  /** Replaces a record and returns its new version. @throws AdminError 409 if it cannot be changed */
  change(before: Stored, edit: (record: Stored) => Edited<Stored>): Promise<Stored>;
  /**
   * Removes a record.
   *
   * @param line returns the journal line for the removed state; undefined if no record remains
   * @throws AdminError 404, 409
   */
  remove(before: Stored, line: (after: Stored | undefined) => string): Promise<void>;
}

export interface RegistryStoreOptions<Kind extends RegistryKind> {
  readonly kind: Kind;
  readonly registry: Pick<Registry, 'replace'>;
  readonly view: { reload(): Promise<void> };
  readonly find: (name: string) => RegistryRecords[Kind] | undefined;
  readonly isConfigured: (name: string) => boolean;
}

/** Stores teams, tenants or administrators in the registry. */
export class RegistryStore<Kind extends RegistryKind> implements ResourceStore<RegistryRecords[Kind]> {
  readonly #options: RegistryStoreOptions<Kind>;

  constructor(options: RegistryStoreOptions<Kind>) {
    this.#options = options;
  }

  refresh(): Promise<void> {
    return this.#options.view.reload();
  }

  find(name: string): RegistryRecords[Kind] | undefined {
    return this.#options.find(name);
  }

  async create(record: RegistryRecords[Kind], change: string): Promise<boolean> {
    if (this.#options.isConfigured(record.name)) return false;
    return this.#replace(record.name, undefined, record, change);
  }

  async change(
    before: RegistryRecords[Kind],
    edit: (record: RegistryRecords[Kind]) => Edited<RegistryRecords[Kind]>,
  ): Promise<RegistryRecords[Kind]> {
    const { record, change } = edit(before);
    if (!(await this.#replace(before.name, before, record, change))) throw changedMeanwhile();
    return record;
  }

  async remove(before: RegistryRecords[Kind], line: (after: undefined) => string): Promise<void> {
    if (!(await this.#replace(before.name, before, undefined, line(undefined)))) throw changedMeanwhile();
  }

  async #replace(
    name: string,
    before: RegistryRecords[Kind] | undefined,
    after: RegistryRecords[Kind] | undefined,
    change: string,
  ): Promise<boolean> {
    const { kind, registry, view } = this.#options;
    const done = await registry.replace({ kind, name, before, after, change });
    if (done) await view.reload();
    return done;
  }
}

const changedMeanwhile = (): AdminError =>
  new AdminError(409, 'conflict', 'Another request changed it at the same time. Read it again.');
