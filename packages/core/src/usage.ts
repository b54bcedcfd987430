import type { TokenPart, TokenTotal } from './token-kinds.ts';

/** Why a provider's counts were not usable. */
export type UsageIssueReason = 'missing' | 'malformed' | 'implausible';

/** The defect of a provider's counts. */
export interface UsageIssue {
  readonly reason: UsageIssueReason;
  /** Whether the number of prompt tokens, or of completion tokens, has to be estimated. */
  readonly input: boolean;
  readonly output: boolean;
}

/** Prompt and completion tokens. Prompt tokens include cached tokens, and completion tokens include reasoning. */
type Totals = { readonly [Field in TokenTotal['field']]: number };
/** Counts that the totals include. A part is absent if the provider does not report it. */
type Parts = { readonly [Field in TokenPart['field']]?: number };

/** The tokens of a call, as the provider reported them. Their kinds are in `TOKEN_KINDS`. */
export interface Usage extends Totals, Parts {
  /** Web searches that the provider made for the response and bills by number. */
  readonly webSearches?: number;
  /** The service tier that the provider used, if it has its own price (`flex`, `priority`). */
  readonly serviceTier?: string;
  /** Set if the counts are not reliable. Counts that could not be read are 0 and have to be estimated. */
  readonly issue?: UsageIssue;
}
