import { hash } from 'node:crypto';
import type { GatewayConfig } from '@sluice/config';
import { type Caller, type Clock, type ConcernHealth, LlmError } from '@sluice/core';
import { createRemoteJWKSet, decodeJwt, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import type { Groups } from './groups.ts';
import { callerAs, keyTerms } from './key-terms.ts';

type Issuer = GatewayConfig['jwt'][number];

/** A JSON Web Token: three parts of base64url, the first of them an object. */
const TOKEN = /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/;
/** What stands in Redis keys and audit records. */
const SUBJECT = /^[\x21-\x7e]{1,200}$/;
/** Signatures that only the issuer can make: what its public key verifies could otherwise be a secret of both. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];
/** So long a token that was verified is taken at its word, within its own time. */
const FRESH_MS = 300_000;
const CLOCK_TOLERANCE_S = 30;

interface Verified {
  readonly caller: Caller;
  readonly untilMs: number;
}

/** Who is behind a token of an identity provider: verified by the issuer's public keys, which are fetched, remembered and fetched again. */
export class TokenCallers {
  readonly #clock: Clock;
  readonly #groups: Pick<Groups, 'team'>;
  readonly #health: ConcernHealth;
  #issuers: ReadonlyMap<string, { config: Issuer; keys: JWTVerifyGetKey }> = new Map();
  /** By digest, so that no token stands in memory for longer than its call; undefined where no issuer is configured: it takes its room at once. */
  #verified: LRUCache<string, Verified> | undefined;

  constructor(issuers: readonly Issuer[], groups: Pick<Groups, 'team'>, clock: Clock, health: ConcernHealth) {
    this.#groups = groups;
    this.#clock = clock;
    this.#health = health;
    this.configure(issuers);
  }

  /** Takes over the issuers of another configuration. */
  configure(issuers: readonly Issuer[]): void {
    this.#verified = issuers.length === 0 ? undefined : new LRUCache<string, Verified>({ max: 50_000 });
    this.#issuers = new Map(
      issuers.map((config) => [
        config.issuer,
        { config, keys: createRemoteJWKSet(new URL(config.jwks), { timeoutDuration: 3_000, cooldownDuration: 10_000 }) },
      ]),
    );
  }

  /** Undefined for what is no token, or where no issuer is configured. */
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

  /** Undefined for a token that is not good. @throws LlmError `auth_unavailable` where the issuer's keys cannot be had */
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
      this.#health.works();
      return payload;
    } catch (error) {
      if (error instanceof errors.JOSEError && !(error instanceof errors.JWKSTimeout) && !isFetchFault(error)) return undefined;
      this.#health.failed(error);
      throw new LlmError('auth_unavailable', "The token's issuer cannot be asked for its keys right now.", {
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
    return callerAs(`${config.name}:${subject}`, { ...terms, tenant, ...(team === undefined ? {} : { team: team.name }) });
  }

  /** The first of the claim's texts that means a team. */
  #teamOf(claims: JWTPayload, { teamClaim, teams, tenant }: Issuer) {
    const claim = teamClaim === undefined ? undefined : claims[teamClaim];
    const texts = Array.isArray(claim) ? claim : [claim];
    for (const text of texts) {
      if (typeof text !== 'string') continue;
      const name = teams === undefined ? text : Object.hasOwn(teams, text) ? teams[text] : undefined;
      const team = name === undefined ? undefined : this.#groups.team(name);
      // an issuer that is one tenant's speaks for no other's teams
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

/** jose throws one of its own for an answer of the issuer that is not 200, or is no key set: that is nothing of the token's. */
const isFetchFault = (error: Error): boolean => error.constructor === errors.JOSEError || error instanceof errors.JWKSInvalid;
