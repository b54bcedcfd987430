import type { ConcernHealth } from '@sluice/core';
import type { AdminRecord, Registry, TeamRecord, TenantRecord } from '@sluice/store/ports';

/** How long after a failure it is read again. */
const RETRY_MS = 1_100;

/** What the registry has, remembered by this replica: a call asks for its team and tenant without a trip. What another replica writes is heard at once. */
export class RegistryView {
  readonly #registry: Registry;
  readonly #health: ConcernHealth;
  readonly #stop: () => void;
  #teams: ReadonlyMap<string, TeamRecord> = new Map();
  #tenants: ReadonlyMap<string, TenantRecord> = new Map();
  #admins: ReadonlyMap<string, AdminRecord> = new Map();
  #loaded = false;
  /** News came that have not been read yet. */
  #stale = true;
  #loading: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(registry: Registry, health: ConcernHealth) {
    this.#registry = registry;
    this.#health = health;
    this.#stop = registry.onChange(() => {
      this.#stale = true;
      this.#loadSoon();
    });
    this.#loadSoon();
  }

  get teams(): ReadonlyMap<string, TeamRecord> {
    return this.#teams;
  }

  get tenants(): ReadonlyMap<string, TenantRecord> {
    return this.#tenants;
  }

  /** Administrators by name. */
  get admins(): ReadonlyMap<string, AdminRecord> {
    return this.#admins;
  }

  /** Whether it was ever read: before, nothing is known of anybody's limits. */
  get loaded(): boolean {
    return this.#loaded;
  }

  /** Reads what there is news of. @throws what the registry throws */
  async refresh(): Promise<void> {
    while (this.#stale || this.#loading !== undefined) {
      this.#loading ??= this.#load().finally(() => {
        this.#loading = undefined;
      });
      await this.#loading;
    }
  }

  /** Reads it anew, whatever there is news of: what was written a moment ago is in it. @throws what the registry throws */
  reload(): Promise<void> {
    this.#stale = true;
    return this.refresh();
  }

  close(): void {
    this.#stop();
    clearTimeout(this.#timer);
  }

  #loadSoon(): void {
    clearTimeout(this.#timer);
    this.refresh().then(
      () => this.#health.works(),
      (error: unknown) => {
        // before it was read for the first time nothing is lost that there was: the gateway is not ready yet
        if (this.#loaded) this.#health.failed(error);
        this.#timer = setTimeout(() => this.#loadSoon(), RETRY_MS).unref();
      },
    );
  }

  async #load(): Promise<void> {
    this.#stale = false;
    try {
      const [teams, tenants, admins] = await Promise.all([
        this.#registry.list('team'),
        this.#registry.list('tenant'),
        this.#registry.list('admin'),
      ]);
      this.#teams = new Map(teams.map((record) => [record.name, record]));
      this.#tenants = new Map(tenants.map((record) => [record.name, record]));
      this.#admins = new Map(admins.map((record) => [record.name, record]));
      this.#loaded = true;
    } catch (error) {
      this.#stale = true;
      throw error;
    }
  }
}
