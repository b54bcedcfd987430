/** The tenants that created objects of a provider's account (files, batches), by the object's id. */
export interface AccountObjects {
  /** Returns the tenant of each id, undefined for an id that no tenant owns, or that was not used for `ttlMs`. */
  owners(ids: readonly string[]): Promise<readonly (string | undefined)[]>;
  /**
   * Binds an id to a tenant, or extends the binding by `ttlMs`. Returns false, and changes nothing, if another tenant owns the
   * id.
   */
  claim(id: string, tenant: string, ttlMs: number): Promise<boolean>;
  /** Removes an id. */
  release(id: string): Promise<void>;
}
