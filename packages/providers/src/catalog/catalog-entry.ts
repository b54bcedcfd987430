import type { DialectName } from '@sluice/core';
import type { EmbeddingsDialectName } from '@sluice/dialects';
import type { EndpointName } from '../endpoints/registry.ts';
import type { Quirks } from '../quirks.ts';

/** How a request is authenticated. */
export type Authentication =
  /** A key in the header that is the dialect's own: `Authorization: Bearer`, `x-api-key`, `x-goog-api-key`. */
  | { readonly kind: 'key' }
  /** A key in another header. */
  | { readonly kind: 'header'; readonly name: string }
  /** Amazon's signatures (SigV4), or one of Bedrock's own keys as a bearer. */
  | { readonly kind: 'aws'; readonly service: string }
  /** Short-lived tokens of a Google service account, or of whatever the machine has. */
  | { readonly kind: 'google' };

/** Further routes that a provider may have, of the API of its dialect; their bytes pass unread. */
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
  /** Its dialects, the preferred one first. Callers of each of them pass through. */
  readonly dialects: readonly DialectName[];
  /** The dialect of its embeddings, if it has any. */
  readonly embeddings?: EmbeddingsDialectName;
  /** Address of the API with its version. `{name}` is a setting; undefined if only the configuration can set it. */
  readonly baseUrl?: string;
  /** Where its embeddings are, if elsewhere. */
  readonly embeddingsUrl?: string;
  /** The settings of `baseUrl`, with the environment variables that have them by custom. */
  readonly settings?: Readonly<Record<string, readonly string[]>>;
  readonly authentication: Authentication;
  /** Environment variables that have its key by custom, in the order in which they are looked at. */
  readonly keyVariables: readonly string[];
  /** Whether a key in the environment is enough to make it available. Not so where the variable often is there for something else. */
  readonly byKeyAlone: boolean;
  /** How requests are addressed and streams are framed; plainly, if not given. */
  readonly endpoint?: EndpointName;
  readonly quirks?: Quirks;
  readonly routes?: readonly OtherRoute[];
  /** Its name in the public price table, if it is there. */
  readonly prices?: string;
  /** Models that are available if the environment has a key and the configuration does not mention the provider. */
  readonly models?: readonly string[];
}
