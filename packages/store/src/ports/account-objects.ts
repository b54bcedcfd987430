/** Which tenant made an object of a provider's account (a file, a batch), by the object's id. */
export interface AccountObjects {
  /** Returns the tenant of each id, undefined for one that no tenant made or that was not used for `ttlMs`. */
  owners(ids: readonly string[]): Promise<readonly (string | undefined)[]>;
  /** Binds an id to a tenant, or keeps it bound for another `ttlMs`. Returns false, and changes nothing, if it belongs to another tenant. */
  claim(id: string, tenant: string, ttlMs: number): Promise<boolean>;
  /** Forgets an id. */
  release(id: string): Promise<void>;
}
