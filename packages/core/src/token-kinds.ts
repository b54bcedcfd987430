/** A kind of token, and its name in every part of the gateway. */
interface TokenKindEntry {
  /** Field of `Usage`, of audit records, of usage sums (also in Redis) and of rows of the admin API. */
  readonly field: string;
  /** Name in docs/accounting.md. */
  readonly text: string;
  /** Field of the count that includes this one; null for a total. */
  readonly partOf: string | null;
  /** Whether audit records have the count. */
  readonly recorded: boolean;
  /** Whether usage sums have the count: one more number in Redis per day and combination (`store/src/redis/packed-usage.ts`). */
  readonly summed: boolean;
  /** Label `type` of `sluice_tokens_total`; null if the kind is not exported. */
  readonly metric: string | null;
  /** Field of `Price`. The price applies to the tokens of this kind that are in no other part. */
  readonly price: string;
  /** Multiple of the total's price that applies without a price of this kind. */
  readonly multiple: number;
  /** Entry in `unpriced` of a call without a price of this kind; null if the total's price is near enough. */
  readonly unpriced: string | null;
  /** Field in the table of public prices (`@pydantic/genai-prices`); null if the table lacks the kind. */
  readonly listed: string | null;
}

/**
 * All kinds of tokens. `Usage`, prices, audit records, usage sums, metrics and docs/accounting.md derive from this table: a new
 * kind is one entry here, and a line in the reader of each dialect that reports it.
 *
 * The order is that of the columns of usage reports. A total precedes its parts.
 */
export const TOKEN_KINDS = [
  {
    field: 'inputTokens',
    text: 'other input',
    partOf: null,
    recorded: true,
    summed: true,
    metric: 'input',
    price: 'input',
    multiple: 1,
    unpriced: null,
    listed: 'input_mtok',
  },
  {
    field: 'cachedInputTokens',
    text: "read from the provider's prompt cache",
    partOf: 'inputTokens',
    recorded: true,
    summed: true,
    metric: 'cache_read',
    price: 'cachedInput',
    multiple: 1,
    unpriced: null,
    listed: 'cache_read_mtok',
  },
  {
    field: 'cacheWriteTokens',
    text: 'written to the prompt cache',
    partOf: 'inputTokens',
    recorded: true,
    summed: true,
    metric: 'cache_write',
    price: 'cacheWrite',
    multiple: 1,
    unpriced: null,
    listed: 'cache_write_mtok',
  },
  {
    field: 'cacheWriteHourTokens',
    text: 'written to the prompt cache for one hour',
    partOf: 'cacheWriteTokens',
    recorded: false,
    summed: false,
    metric: null,
    price: 'cacheWriteHour',
    // Anthropic, "Prompt caching": twice the price of input
    multiple: 2,
    unpriced: null,
    listed: null,
  },
  {
    field: 'audioInputTokens',
    text: 'audio input',
    partOf: 'inputTokens',
    recorded: false,
    summed: false,
    metric: null,
    price: 'audioInput',
    multiple: 1,
    unpriced: 'audio',
    listed: 'input_audio_mtok',
  },
  {
    field: 'outputTokens',
    text: 'other output',
    partOf: null,
    recorded: true,
    summed: true,
    metric: 'output',
    price: 'output',
    multiple: 1,
    unpriced: null,
    listed: 'output_mtok',
  },
  {
    field: 'reasoningTokens',
    text: 'reasoning',
    partOf: 'outputTokens',
    recorded: true,
    summed: true,
    metric: 'reasoning',
    price: 'reasoning',
    multiple: 1,
    unpriced: null,
    listed: 'output_reasoning_mtok',
  },
  {
    field: 'audioOutputTokens',
    text: 'audio output',
    partOf: 'outputTokens',
    recorded: false,
    summed: false,
    metric: null,
    price: 'audioOutput',
    multiple: 1,
    unpriced: 'audio',
    listed: 'output_audio_mtok',
  },
] as const satisfies readonly TokenKindEntry[];

export type TokenKind = (typeof TOKEN_KINDS)[number];
export type TokenTotal = Extract<TokenKind, { partOf: null }>;
export type TokenPart = Exclude<TokenKind, TokenTotal>;
export type RecordedPart = Extract<TokenPart, { recorded: true }>;
export type SummedTokens = Extract<TokenKind, { summed: true }>;

export const TOKEN_TOTALS: readonly TokenTotal[] = TOKEN_KINDS.filter((kind) => kind.partOf === null);
export const TOKEN_PARTS: readonly TokenPart[] = TOKEN_KINDS.filter((kind) => kind.partOf !== null);

/** Fields of the parts that audit records have. */
export const RECORDED_PARTS: readonly RecordedPart['field'][] = TOKEN_PARTS.filter((kind) => kind.recorded).map(
  ({ field }) => field,
);

/** Fields of the counts that usage sums have. */
export const SUMMED_TOKENS: readonly SummedTokens['field'][] = TOKEN_KINDS.filter((kind) => kind.summed).map(
  ({ field }) => field,
);

/** Returns the total that includes a kind: the kind itself if it is a total. */
export function totalOf(kind: TokenKind): TokenTotal {
  if (kind.partOf === null) return kind;
  const { partOf } = kind;
  const whole = TOKEN_KINDS.find(({ field }) => field === partOf);
  if (whole === undefined) throw new Error(`${kind.field} is a part of ${partOf}, which is no kind of token`);
  return totalOf(whole);
}
