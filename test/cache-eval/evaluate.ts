import { compareQuestions, normalForm, type Veto } from '@sluice/near-match';
import { type Proportion, proportionOf } from './proportion.ts';
import type { Pair } from './read-pairs.ts';

/** A rule by which the answer to one question of a pair would serve the other one. */
export interface RuleResult {
  readonly rule: 'near' | 'guards' | 'similarity' | 'semantic';
  /** The least similarity that the rule demands. */
  readonly threshold?: number;
  /** Served pairs among those with the same answer. */
  readonly hits: Proportion;
  /** Served pairs among those with different answers. */
  readonly errors: Proportion;
  /** Pairs with different answers among the served ones: depends on the mixture of the file. */
  readonly wrongOfServed: Proportion;
  /** Lines of the pairs with different answers that the rule would serve. */
  readonly wrongLines: readonly number[];
}

export interface Evaluation {
  readonly pairs: { readonly same: number; readonly different: number };
  readonly rules: readonly RuleResult[];
  /** Pairs that the guards refuse, by reason. */
  readonly vetoes: readonly { readonly reason: Veto; readonly same: number; readonly different: number }[];
}

/** Similarities between those at which common models are used. They mean something else with each model. */
export const THRESHOLDS = [0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99] as const;

/** A pair with all that decides about it. */
interface Checked extends Pair {
  readonly isNear: boolean;
  readonly veto: Veto | undefined;
  readonly similarity: number;
}

/**
 * Decides for each pair and rule whether the cache would serve it.
 *
 * @param similarities cosine similarity per pair; undefined without an embeddings model
 */
export function evaluate(pairs: readonly Pair[], similarities: readonly number[] | undefined): Evaluation {
  const checked = pairs.map((pair, n) => checkedPair(pair, similarities?.[n] ?? -1));
  const rules = [
    ruleOf(checked, 'near', ({ isNear }) => isNear),
    ruleOf(checked, 'guards', ({ veto }) => veto === undefined),
    ...(similarities === undefined ? [] : THRESHOLDS.flatMap((threshold) => rulesAt(checked, threshold))),
  ];
  const same = pairs.filter((pair) => pair.same).length;
  return { pairs: { same, different: pairs.length - same }, rules, vetoes: vetoesOf(checked) };
}

function checkedPair(pair: Pair, similarity: number): Checked {
  const [first, second] = [normalForm(pair.a), normalForm(pair.b)];
  const { veto } = compareQuestions(pair.a, pair.b);
  return { ...pair, isNear: first !== undefined && first === second, veto, similarity };
}

function rulesAt(checked: readonly Checked[], threshold: number): RuleResult[] {
  const isSimilar = ({ similarity }: Checked): boolean => similarity >= threshold;
  return [
    { ...ruleOf(checked, 'similarity', isSimilar), threshold },
    { ...ruleOf(checked, 'semantic', (pair) => pair.veto === undefined && isSimilar(pair)), threshold },
  ];
}

function ruleOf(checked: readonly Checked[], rule: RuleResult['rule'], isServed: (pair: Checked) => boolean): RuleResult {
  const served = checked.filter(isServed);
  const wrong = served.filter(({ same }) => !same);
  const same = checked.filter((pair) => pair.same).length;
  return {
    rule,
    hits: proportionOf(served.length - wrong.length, same),
    errors: proportionOf(wrong.length, checked.length - same),
    wrongOfServed: proportionOf(wrong.length, served.length),
    wrongLines: wrong.map(({ line }) => line),
  };
}

function vetoesOf(checked: readonly Checked[]): Evaluation['vetoes'] {
  const refused = Map.groupBy(checked, ({ veto }) => veto);
  return [...refused].flatMap(([reason, pairs]) => {
    if (reason === undefined) return [];
    const same = pairs.filter((pair) => pair.same).length;
    return [{ reason, same, different: pairs.length - same }];
  });
}
