import { type DependencyHealth, LlmError } from '@sluice/core';
import type { AccountObjects } from '@sluice/store/ports';

/** Lifetime of an ownership record: after 90 days without use, the object has no owner. */
export const OBJECT_TTL_MS = 90 * 86_400_000;

/** The tenant that created an object, and the provider of its account. */
interface Owner {
  readonly tenant: string;
  /** Undefined for an object that was recorded before providers were. */
  readonly provider: string | undefined;
}

/** Looks up and records the owners of objects. */
export class OwnedObjects {
  readonly #objects: AccountObjects;
  readonly #health: DependencyHealth;
  readonly #shared: boolean;

  /** @param shared whether all tenants use all objects, so that a record only determines the account */
  constructor(objects: AccountObjects, health: DependencyHealth, shared: boolean) {
    this.#objects = objects;
    this.#health = health;
    this.#shared = shared;
  }

  /**
   * Returns the provider of the account that has the objects. Undefined if unknown.
   *
   * @throws LlmError `not_found` if the tenant does not own one of the ids, whether it exists or not, or if the objects are in
   * several accounts
   */
  async require(ids: readonly string[], tenant: string): Promise<string | undefined> {
    if (ids.length === 0) return undefined;
    const owners = (await this.#checked(this.#objects.owners(ids), [])).map(read);
    if (!this.#shared && owners.some((owner) => owner?.tenant !== tenant))
      throw new LlmError('not_found', 'There is no such object.');
    const [provider, ...others] = new Set(owners.flatMap((owner) => owner?.provider ?? []));
    if (others.length > 0) throw new LlmError('not_found', 'These objects are in accounts of different providers.');
    return provider;
  }

  /**
   * Returns the provider of the account that has the ids which were created through the gateway. Unknown ids are allowed: the
   * account's administrators may have created them.
   *
   * @throws LlmError `not_found` if another tenant owns one of the ids, or if the objects are in several accounts
   */
  async requireKnown(ids: readonly string[], tenant: string): Promise<string | undefined> {
    const owners = await this.#checked(this.#objects.owners(ids), []);
    const known = ids.filter((_, n) => owners[n] !== undefined);
    return await this.require(known, tenant);
  }

  /** Returns for each id whether the tenant owns it in the account of a provider. */
  async own(ids: readonly string[], tenant: string, provider: string | undefined): Promise<boolean[]> {
    const owners = (await this.#checked(this.#objects.owners(ids), [])).map(read);
    return owners.map((owner) => owner?.tenant === tenant && (owner.provider ?? provider) === provider);
  }

  /** Binds ids to a tenant and the provider that created them. Ids of other tenants keep their owners. */
  async claim(ids: readonly string[], tenant: string, provider: string | undefined): Promise<void> {
    const owner = provider === undefined ? tenant : `${tenant}/${provider}`;
    await this.#checked(
      Promise.all(
        ids.map(async (id) => {
          const claimed = await this.#objects.claim(id, owner, OBJECT_TTL_MS);
          // a record without a provider stays as it is, and its lifetime is renewed
          if (!claimed) await this.#objects.claim(id, tenant, OBJECT_TTL_MS);
        }),
      ),
      [],
    );
  }

  async release(ids: readonly string[]): Promise<void> {
    await this.#checked(Promise.all(ids.map((id) => this.#objects.release(id))), []);
  }

  /** @throws LlmError `auth_unavailable`, unless objects are shared: then only the account is unknown */
  async #checked<T>(answer: Promise<T>, unknown: T): Promise<T> {
    try {
      const value = await answer;
      this.#health.success();
      return value;
    } catch (error) {
      this.#health.failure(error);
      if (this.#shared) return unknown;
      throw new LlmError('auth_unavailable', 'The owner of this object cannot be looked up right now.', {
        retryAfterMs: 1_000,
        cause: error,
      });
    }
  }
}

/** Parses an owner. Names of tenants and providers contain no slash. */
function read(owner: string | undefined): Owner | undefined {
  if (owner === undefined) return undefined;
  const [tenant = '', provider] = owner.split('/', 2);
  return { tenant, provider };
}
