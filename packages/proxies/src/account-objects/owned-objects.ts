import { type ConcernHealth, LlmError } from '@sluice/core';
import type { AccountObjects } from '@sluice/store/ports';

/** An id that was not used for 90 days is forgotten: its object is nobody's then. */
export const OBJECT_TTL_MS = 90 * 86_400_000;

/** Who made an object, and in which provider's account. */
interface Owner {
  readonly tenant: string;
  /** Undefined for an object that was stored before providers were. */
  readonly provider: string | undefined;
}

/** Looks up and writes the owners of objects. */
export class OwnedObjects {
  readonly #objects: AccountObjects;
  readonly #health: ConcernHealth;
  readonly #shared: boolean;

  /** @param shared whether all tenants use all objects, so that owners tell the account alone */
  constructor(objects: AccountObjects, health: ConcernHealth, shared: boolean) {
    this.#objects = objects;
    this.#health = health;
    this.#shared = shared;
  }

  /**
   * Returns the provider in whose account the objects are, undefined if that is not known.
   *
   * @throws LlmError `not_found` if one of the ids is not the tenant's, whether it exists or not, or if they are in several accounts
   */
  async require(ids: readonly string[], tenant: string): Promise<string | undefined> {
    if (ids.length === 0) return undefined;
    const owners = (await this.#asked(this.#objects.owners(ids), [])).map(read);
    if (!this.#shared && owners.some((owner) => owner?.tenant !== tenant))
      throw new LlmError('not_found', 'There is no such object.');
    const [provider, ...others] = new Set(owners.flatMap((owner) => owner?.provider ?? []));
    if (others.length > 0) throw new LlmError('not_found', 'These objects are in accounts of different providers.');
    return provider;
  }

  /**
   * Returns the provider in whose account those of the ids are that were made here; the others may be of the account's own administrators.
   *
   * @throws LlmError `not_found` if one of the ids is another tenant's, or if they are in several accounts
   */
  async requireKnown(ids: readonly string[], tenant: string): Promise<string | undefined> {
    const owners = await this.#asked(this.#objects.owners(ids), []);
    const known = ids.filter((_, n) => owners[n] !== undefined);
    return await this.require(known, tenant);
  }

  /** Returns which of the ids are the tenant's, in the account of a provider. */
  async own(ids: readonly string[], tenant: string, provider: string | undefined): Promise<boolean[]> {
    const owners = (await this.#asked(this.#objects.owners(ids), [])).map(read);
    return owners.map((owner) => owner?.tenant === tenant && (owner.provider ?? provider) === provider);
  }

  /** Binds ids to a tenant and the provider that made them; those of other tenants stay theirs. */
  async claim(ids: readonly string[], tenant: string, provider: string | undefined): Promise<void> {
    const owner = provider === undefined ? tenant : `${tenant}/${provider}`;
    await this.#asked(
      Promise.all(
        ids.map(async (id) => {
          const claimed = await this.#objects.claim(id, owner, OBJECT_TTL_MS);
          // one that was stored without its provider is kept as it is
          if (!claimed) await this.#objects.claim(id, tenant, OBJECT_TTL_MS);
        }),
      ),
      [],
    );
  }

  async release(ids: readonly string[]): Promise<void> {
    await this.#asked(Promise.all(ids.map((id) => this.#objects.release(id))), []);
  }

  /** @throws LlmError `auth_unavailable`, unless all tenants may use all objects: then only the account is not known */
  async #asked<T>(answer: Promise<T>, unknown: T): Promise<T> {
    try {
      const value = await answer;
      this.#health.works();
      return value;
    } catch (error) {
      this.#health.failed(error);
      if (this.#shared) return unknown;
      throw new LlmError('auth_unavailable', 'The owner of this object cannot be looked up right now.', {
        retryAfterMs: 1_000,
        cause: error,
      });
    }
  }
}

/** A tenant's name has no slash, nor has a provider's. */
function read(owner: string | undefined): Owner | undefined {
  if (owner === undefined) return undefined;
  const [tenant = '', provider] = owner.split('/', 2);
  return { tenant, provider };
}
