import type { DependencyHealth } from '@sluice/core';
import type { AdminRecord, Registry, TeamRecord, TenantRecord } from '@sluice/store/ports';

/** Pause after a failure before the registry is read again. */
const RETRY_MS = 1_100;

/**
 * Caches the registry in this replica, so that a call reads its team and tenant without a round trip. A change by another
 * replica takes effect at once through a notification.
 */
export class RegistryView {
  readonly #registry: Registry;
  readonly #health: DependencyHealth;
  readonly #stop: () => void;
  #teams: ReadonlyMap<string, TeamRecord> = new Map();
  #tenants: ReadonlyMap<string, TenantRecord> = new Map();
  #admins: ReadonlyMap<string, AdminRecord> = new Map();
  #loaded = false;
  /** A change notification arrived, and the registry has not been read since. */
  #stale = true;
  #loading: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(registry: Registry, health: DependencyHealth) {
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

  /** Whether the registry was ever read. Before that, no limits are known. */
  get loaded(): boolean {
    return this.#loaded;
  }

  /** Reads the registry if it has changed. @throws the registry's error */
  async refresh(): Promise<void> {
    while (this.#stale || this.#loading !== undefined) {
      this.#loading ??= this.#load().finally(() => {
        this.#loading = undefined;
      });
      await this.#loading;
    }
  }

  /** Reads the registry unconditionally, so that a preceding write is included. @throws the registry's error */
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
      () => this.#health.success(),
      (error: unknown) => {
        // a failure before the first successful read is no degradation: the gateway is not ready yet
        if (this.#loaded) this.#health.failure(error);
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
