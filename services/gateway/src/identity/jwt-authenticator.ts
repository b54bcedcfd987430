import { hash } from 'node:crypto';
import type { GatewayConfig } from '@sluice/config';
import { type Caller, type Clock, type DependencyHealth, defined, LlmError } from '@sluice/core';
import { createRemoteJWKSet, decodeJwt, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import { keyTerms, toCaller } from './key-terms.ts';
import type { QuotaScopes } from './quota-scopes.ts';

type Issuer = GatewayConfig['jwt'][number];

/** Pattern of a JSON Web Token: three parts of base64url, the first of them an object. */
const TOKEN = /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/;
/** Characters of a subject that are safe in Redis keys and audit records. */
const SUBJECT = /^[\x21-\x7e]{1,200}$/;
/** Asymmetric algorithms only: with a symmetric algorithm the verification key would be a shared secret. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];
/** How long a verified token is not verified again, within its own expiry. */
const FRESH_MS = 300_000;
const CLOCK_TOLERANCE_S = 30;

interface Verified {
  readonly caller: Caller;
  readonly untilMs: number;
}

/**
 * Authenticates tokens of identity providers. Verifies a token with the issuer's public keys, which are fetched, cached and
 * refreshed.
 */
export class JwtAuthenticator {
  readonly #clock: Clock;
  readonly #groups: Pick<QuotaScopes, 'team'>;
  readonly #health: DependencyHealth;
  #issuers: ReadonlyMap<string, { config: Issuer; keys: JWTVerifyGetKey }> = new Map();
  /**
   * Verified tokens by digest, so that no token stays in memory longer than its call. Undefined if no issuer is configured,
   * because the cache allocates its memory at once.
   */
  #verified: LRUCache<string, Verified> | undefined;

  constructor(issuers: readonly Issuer[], groups: Pick<QuotaScopes, 'team'>, clock: Clock, health: DependencyHealth) {
    this.#groups = groups;
    this.#clock = clock;
    this.#health = health;
    this.configure(issuers);
  }

  /** Replaces the issuers by those of another configuration. */
  configure(issuers: readonly Issuer[]): void {
    this.#verified = issuers.length === 0 ? undefined : new LRUCache<string, Verified>({ max: 50_000 });
    this.#issuers = new Map(
      issuers.map((config) => [
        config.issuer,
        { config, keys: createRemoteJWKSet(new URL(config.jwks), { timeoutDuration: 3_000, cooldownDuration: 10_000 }) },
      ]),
    );
  }

  /** Returns undefined if the secret is no token or no issuer is configured. */
  find(secret: string): Promise<Caller | undefined> | undefined {
    if (this.#verified === undefined || !TOKEN.test(secret)) return undefined;
    return this.#find(secret, this.#verified);
  }

  async #find(token: string, verified: LRUCache<string, Verified>): Promise<Caller | undefined> {
    const digest = hash('sha256', token, 'base64url');
    const known = verified.get(digest);
    if (known !== undefined && known.untilMs > this.#clock.now()) return known.caller;
    const issuer = this.#issuers.get(issuerOf(token) ?? '');
    if (issuer === undefined) return undefined;
    const { config, keys } = issuer;
    const claims = await this.#verify(token, config, keys);
    const caller = claims === undefined ? undefined : this.#callerOf(claims, config);
    if (claims === undefined || caller === undefined) return undefined;
    const untilMs = Math.min(this.#clock.now() + FRESH_MS, (claims.exp as number) * 1_000);
    verified.set(digest, { caller, untilMs });
    return caller;
  }

  /**
   * Returns the claims; undefined for an invalid token. @throws LlmError `auth_unavailable` if the issuer's keys cannot be
   * fetched
   */
  async #verify(token: string, { issuer, audience }: Issuer, keys: JWTVerifyGetKey): Promise<JWTPayload | undefined> {
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer,
        audience,
        algorithms: ALGORITHMS,
        requiredClaims: ['exp'],
        clockTolerance: CLOCK_TOLERANCE_S,
        currentDate: new Date(this.#clock.now()),
      });
      this.#health.success();
      return payload;
    } catch (error) {
      if (error instanceof errors.JOSEError && !(error instanceof errors.JWKSTimeout) && !isFetchFault(error)) return undefined;
      this.#health.failure(error);
      throw new LlmError('auth_unavailable', "The token issuer's keys cannot be fetched right now.", {
        retryAfterMs: 1_000,
        cause: error,
      });
    }
  }

  #callerOf(claims: JWTPayload, config: Issuer): Caller | undefined {
    const subject = claims[config.subjectClaim];
    if (typeof subject !== 'string' || !SUBJECT.test(subject)) return undefined;
    const team = this.#teamOf(claims, config);
    const tenant = team?.tenant ?? config.tenant;
    if (tenant === undefined) return undefined;
    const terms = keyTerms(config);
    return toCaller(`${config.name}:${subject}`, { ...terms, tenant, ...defined({ team: team?.name }) });
  }

  /** Returns the team of the claim's first value that names a team. */
  #teamOf(claims: JWTPayload, { teamClaim, teams, tenant }: Issuer) {
    const claim = teamClaim === undefined ? undefined : claims[teamClaim];
    const texts = Array.isArray(claim) ? claim : [claim];
    for (const text of texts) {
      if (typeof text !== 'string') continue;
      const name = teams === undefined ? text : Object.hasOwn(teams, text) ? teams[text] : undefined;
      const team = name === undefined ? undefined : this.#groups.team(name);
      // an issuer that is bound to one tenant cannot assign teams of another tenant
      if (team !== undefined && (tenant === undefined || team.tenant === tenant)) return team;
    }
    return undefined;
  }
}

function issuerOf(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch {
    return undefined;
  }
}

/**
 * Returns whether jose failed to fetch the keys. jose throws its base error if the issuer's response is not 200, or JWKSInvalid
 * if it is no key set; neither concerns the token.
 */
const isFetchFault = (error: Error): boolean => error.constructor === errors.JOSEError || error instanceof errors.JWKSInvalid;
