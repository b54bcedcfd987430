import { hash } from 'node:crypto';
import {
  type CacheDirectives,
  type Clock,
  type DependencyHealth,
  type LlmCall,
  noopHealth,
  type Question,
  systemClock,
} from '@sluice/core';
import type { CacheEntry, CacheKey } from '@sluice/store/ports';
import { requestDigest } from '../../request-digest.ts';
import { decide, forgottenAfterCheck } from './bin-policy.ts';
import { BinStates } from './bin-states.ts';
import { BINS, binOf } from './bins.ts';
import { type NamedEntry, readEntryName } from './entry-name.ts';
import { questionVector } from './question-vectors.ts';
import type { Candidate, SemanticLookup } from './semantic-lookup.ts';
import type { QuestionComparison, SemanticOptions } from './semantic-options.ts';

/** Number of nearest questions that are compared by their words. */
const NEAREST = 8;
const MIN_CHARACTERS = 2;
const MAX_CHARACTERS = 2_000;

/** What a label belongs to. */
type Labelled = Pick<SemanticLookup, 'space' | 'countsOf'> & { readonly candidate: NamedEntry['candidate'] | undefined };

/**
 * Serves a question by the answer to another one with the same meaning, with a bound on the share of wrong answers.
 *
 * Candidates are the most similar questions whose words do not speak against it. They are divided into bins by similarity. At
 * first their answers are not served but compared with the right ones. A bin is served after enough labels have proven its
 * bound; a part of its answers is still compared, and the bin is revoked if too many of them are wrong.
 */
export class SemanticTier {
  readonly #options: SemanticOptions;
  readonly #clock: Clock;
  readonly #health: DependencyHealth;
  readonly #random: () => number;
  readonly #states: BinStates;

  constructor(options: SemanticOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#health = options.health ?? noopHealth;
    this.#random = options.random ?? Math.random;
    this.#states = new BinStates(options.counts, this.#clock);
  }

  /**
   * Looks for a question with the same meaning. Undefined if the call has no question that may be served, or if the index, the
   * counts or the embeddings fail.
   *
   * @param maxErrors the bound of the call's key, which may be stricter than the configured one
   */
  async find(call: LlmCall, key: CacheKey, maxErrors: number): Promise<SemanticLookup | undefined> {
    const question = this.#questionOf(call);
    if (question === undefined) return undefined;
    try {
      if ((await this.#options.index.unavailable()) !== undefined) return undefined;
      const vector = await questionVector(call, question.text, this.#options).catch(() => undefined);
      // the record of the call to the model has the error, which is no failure of the cache
      if (vector === undefined) return undefined;
      const { scope, namespace, model } = key;
      const embeddings = `${this.#options.embeddings.model}/${vector.length}`;
      const context = hash('sha256', `${requestDigest(call, 'wording')}\n${embeddings}`, 'base64url');
      const space = { scope, namespace, model, context };
      const countsOf = { scope, namespace, model, embeddings };
      const candidate = await this.#candidate(call, { space, countsOf, vector, question: question.text, maxErrors });
      this.#health.success();
      return { space, countsOf, vector, question: question.text, id: hash('sha256', question.text, 'base64url'), candidate };
    } catch (error) {
      this.#health.failure(error);
      return undefined;
    }
  }

  /** Counts that a candidate was served. */
  async served({ countsOf, candidate }: SemanticLookup): Promise<void> {
    if (candidate === undefined) return;
    await this.#attempt(this.#options.counts.add(countsOf, candidate.bin, candidate.epoch, { served: 1 }));
  }

  /** Stores a question with the digest of its response, and labels the candidate that was not served. Never rejects. */
  async learn(
    call: LlmCall,
    lookup: SemanticLookup,
    key: CacheKey,
    fresh: CacheEntry,
    served: CacheEntry | undefined,
  ): Promise<void> {
    const { space, vector, id, question, candidate } = lookup;
    const expiresAtMs = Math.min(fresh.freshUntilMs ?? fresh.expiresAtMs, this.#clock.now() + this.#options.ttlMs);
    if (candidate?.isLabelled === true && served !== undefined) {
      const asked = { question: candidate.neighbour.question, entry: served };
      const isRight = await this.#options.judge?.isSameAnswer(call, asked, { question, entry: fresh });
      if (isRight !== undefined) await this.label(lookup, isRight);
    }
    await this.#attempt(this.#options.index.add(space, vector, { id, digest: key.digest, question, expiresAtMs }));
  }

  /** Counts whether a candidate's answer was right. A wrong one is never served again. */
  async label({ space, countsOf, candidate }: Labelled, isRight: boolean): Promise<void> {
    if (candidate === undefined) return;
    const { counts, index, metrics, maxErrors } = this.#options;
    const { neighbour, bin, epoch, decision } = candidate;
    const errors = isRight ? 0 : 1;
    metrics?.semanticLabels.inc({ bin: String(bin), result: isRight ? 'right' : 'wrong' });
    const change = decision === 'learn' ? { labels: 1, errors } : { checks: 1, checkErrors: errors };
    await this.#attempt<unknown>(isRight ? index.confirm(space, neighbour.id) : index.remove(space, neighbour.id));
    const now = await this.#attempt(counts.add(countsOf, bin, epoch, change));
    if (now === undefined || decision === 'learn') return;
    const forgotten = forgottenAfterCheck(now, maxErrors);
    if (forgotten === undefined) return;
    await this.#attempt(counts.restart(countsOf, bin, epoch, forgotten));
    if (forgotten === 'checks') return;
    metrics?.semanticRevocations.inc({ bin: String(bin) });
    this.#states.forget(countsOf);
  }

  /**
   * Counts a caller's feedback that a response was wrong, once for each entry. That one was right is not counted: a caller could
   * delay the revocation of a bin with it.
   */
  async feedback(scope: string, { entry, isRight }: NonNullable<CacheDirectives['feedback']>): Promise<void> {
    const named = readEntryName(entry, scope);
    if (named === undefined || isRight) return;
    const existed = await this.#attempt(this.#options.index.remove(named.space, named.candidate.neighbour.id));
    if (existed === true) await this.label(named, false);
  }

  /** Removes a question whose response is no longer in the cache. */
  async forget({ space, candidate }: SemanticLookup): Promise<void> {
    if (candidate !== undefined) await this.#attempt(this.#options.index.remove(space, candidate.neighbour.id));
  }

  #questionOf(call: LlmCall): Question | undefined {
    const { maxTurns, maxTemperature } = this.#options;
    const { operation, message } = call;
    if (operation !== 'chat' || (message.view().answers ?? 1) > 1) return undefined;
    const question = message.question?.();
    if (question === undefined || question.turns > maxTurns || (question.temperature ?? 0) > maxTemperature) return undefined;
    const { length } = question.text;
    return length < MIN_CHARACTERS || length > MAX_CHARACTERS ? undefined : question;
  }

  async #candidate(
    call: LlmCall,
    asked: Pick<SemanticLookup, 'space' | 'countsOf' | 'vector' | 'question'> & { readonly maxErrors: number },
  ): Promise<Candidate | undefined> {
    const { space, countsOf, vector, question, maxErrors } = asked;
    const [neighbours, { edges, bins }] = await Promise.all([
      this.#options.index.nearest(space, vector, NEAREST),
      this.#states.read(countsOf),
    ]);
    const least = call.preferences.cache.minSimilarity ?? -1;
    const compare = this.#options.comparisonWith(question);
    const neighbour = neighbours.find((one) => one.similarity >= least && this.#isAllowed(compare(one.question)));
    if (neighbour === undefined) return undefined;
    if (edges === undefined) {
      void this.#attempt(this.#states.note(countsOf, neighbour.similarity));
      return undefined;
    }
    const bin = binOf(neighbour.similarity, edges);
    const counts = bins[bin] ?? { epoch: 0, labels: 0, errors: 0, served: 0 };
    const { confidence, ownLabels, explore } = this.#options;
    const policy = { bound: { maxErrors, confidence, bins: BINS }, explore, random: this.#random };
    return { neighbour, bin, epoch: counts.epoch, ...decide(counts, neighbour.right >= ownLabels, policy) };
  }

  #isAllowed({ veto }: QuestionComparison): boolean {
    if (veto !== undefined) this.#options.metrics?.semanticVetoes.inc({ reason: veto });
    return veto === undefined;
  }

  /** Undefined if the store fails. */
  async #attempt<T>(command: Promise<T>): Promise<T | undefined> {
    try {
      return await command;
    } catch (error) {
      this.#health.failure(error);
      return undefined;
    }
  }
}
