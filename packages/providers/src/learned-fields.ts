import type { JsonObject } from '@sluice/dialects';
import { changedRequest, type FieldChange } from './optional-fields.ts';
import type { ModelProfile } from './profiles/model-profile.ts';
import { holds } from './refused-fields.ts';

/** Lifetime of a learned refusal: the model behind a name may change. */
const LEARNED_MS = 3_600_000;
/** Maximum number of learned refusals per model. */
const MOST = 32;

/** Remembers which optional fields one model has refused. */
export class LearnedFields {
  readonly #now: () => number;
  readonly #changes = new Map<string, { readonly change: FieldChange; readonly untilMs: number }>();

  /** @param now the monotonic clock, in milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Remembers changes, and returns whether any of them is new. */
  learn(changes: readonly FieldChange[]): boolean {
    let isNew = false;
    for (const change of changes) {
      const key = change.path.join('.');
      // a field that is refused under both of its names has neither
      const other = change.rename === undefined ? undefined : this.#changes.get(change.rename);
      if (this.#changes.has(key) || other !== undefined || this.#changes.size >= MOST) continue;
      this.#changes.set(key, { change, untilMs: this.#now() + LEARNED_MS });
      isNew = true;
    }
    return isNew;
  }

  /** Returns a model's profile, changed if the gateway replaces a refused field. */
  profile(profile: ModelProfile): ModelProfile {
    const cuts = [...this.#changes.values()].some(({ change }) => change.byGateway === true);
    return cuts ? { ...profile, stop: { accepts: 'none' } } : profile;
  }

  /** Returns a request without the fields that the model has refused, and the names of the removed fields. */
  apply(body: JsonObject): { readonly body: JsonObject; readonly dropped: readonly string[] } {
    let changed = body;
    const dropped: string[] = [];
    for (const [key, { change, untilMs }] of this.#changes) {
      if (untilMs <= this.#now()) this.#changes.delete(key);
      else if (holds(changed, change.path)) {
        changed = changedRequest(changed, change);
        if (change.rename === undefined && change.shown !== undefined) dropped.push(change.shown);
      }
    }
    return { body: changed, dropped };
  }
}

/** Maximum number of models per provider; callers may use any name. */
const MOST_MODELS = 256;

/** Remembers what each model of a provider has refused. */
export class LearnedModels {
  readonly #now: () => number;
  readonly #models = new Map<string, LearnedFields>();

  /** @param now the monotonic clock, in milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Returns what a model has refused; undefined for nothing. */
  of(model: string): LearnedFields | undefined {
    return this.#models.get(model);
  }

  /** Remembers changes, and returns whether any of them is new. */
  learn(model: string, changes: readonly FieldChange[]): boolean {
    const known = this.#models.get(model) ?? new LearnedFields(this.#now);
    if (!known.learn(changes)) return false;
    this.#models.delete(model);
    this.#models.set(model, known);
    const [oldest] = this.#models.keys();
    if (this.#models.size > MOST_MODELS && oldest !== undefined) this.#models.delete(oldest);
    return true;
  }
}
