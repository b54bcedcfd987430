import type { DialectName } from '@sluice/core';
import type { EmbeddingsDialectName } from '@sluice/dialects';
import type { EndpointName } from '../endpoints/registry.ts';
import type { Quirks } from '../quirks.ts';

/** The authentication of requests. */
export type Authentication =
  /** A key in the dialect's own header: `Authorization: Bearer`, `x-api-key`, `x-goog-api-key`. */
  | { readonly kind: 'key' }
  /** A key in another header. */
  | { readonly kind: 'header'; readonly name: string }
  /** Amazon's signatures (SigV4), or a Bedrock API key as a bearer token. */
  | { readonly kind: 'aws'; readonly service: string }
  /** Short-lived tokens of a Google service account, or of the machine's own identity. */
  | { readonly kind: 'google' };

/** Further routes of a provider, in the API of its dialect. Their bytes pass through unparsed. */
export type OtherRoute =
  | 'moderations'
  | 'images'
  | 'audio'
  | 'rerank'
  | 'files'
  | 'batches'
  | 'uploads'
  | 'vector_stores'
  | 'fine_tuning'
  | 'videos'
  | 'evals'
  | 'containers'
  | 'cached_contents'
  | 'realtime';

/** A known provider: defaults for its configuration. */
export interface CatalogEntry {
  /** Its dialects, the preferred one first. Requests in each of them pass through. */
  readonly dialects: readonly DialectName[];
  /** The dialect of its embeddings, if it has embeddings. */
  readonly embeddings?: EmbeddingsDialectName;
  /** Address of the API with its version. `{name}` is a setting; undefined if only the configuration can set it. */
  readonly baseUrl?: string;
  /** Address of its embeddings, if it differs. */
  readonly embeddingsUrl?: string;
  /** The settings in `baseUrl`, with their usual environment variables. */
  readonly settings?: Readonly<Record<string, readonly string[]>>;
  readonly authentication: Authentication;
  /** Usual environment variables of its key, in order of precedence. */
  readonly keyVariables: readonly string[];
  /**
   * Whether a key in the environment is enough to make the provider available. False if the variable often has another purpose.
   */
  readonly byKeyAlone: boolean;
  /** The addressing of requests and the framing of streams. Those of the dialect if not given. */
  readonly endpoint?: EndpointName;
  readonly quirks?: Quirks;
  readonly routes?: readonly OtherRoute[];
  /** Its name in the public price table, if the table has it. */
  readonly prices?: string;
  /** Models that are available if the environment has a key and the configuration does not mention the provider. */
  readonly models?: readonly string[];
}
