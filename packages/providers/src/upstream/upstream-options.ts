import type { DialectName } from '@sluice/core';
import type { EmbeddingsDialectName } from '@sluice/dialects';
import type { ClientTls } from '../connections/client-tls.ts';
import type { ForwardProxy } from '../connections/forward-proxy.ts';
import type { Credentials } from '../credentials/credentials.ts';
import type { Endpoint } from '../endpoints/endpoint.ts';
import type { ProfileOverride } from '../profiles/model-profile.ts';
import type { Quirks } from '../quirks.ts';

export interface UpstreamOptions {
  /** The provider's name, for messages. */
  readonly provider: string;
  /** Its name in the catalog, if it differs from `provider`. */
  readonly kind?: string;
  /** Dialects of the provider, the one with the most features first. */
  readonly dialects: readonly DialectName[];
  readonly embeddings?: EmbeddingsDialectName | undefined;
  /**
   * Address of the API with its version, and with a query for each request: `https://api.openai.com/v1`. Only the configuration
   * sets it, never a request.
   */
  readonly baseUrl: string;
  /** Address of its embeddings, if it differs. */
  readonly embeddingsUrl?: string | undefined;
  readonly credentials: Credentials;
  readonly tls?: ClientTls | undefined;
  /** Returns the forward proxy of an origin. */
  readonly proxyOf?: (origin: string) => ForwardProxy | undefined;
  /** Further headers of every request, as alternating names and values. */
  readonly headers?: readonly string[];
  readonly endpoint?: Endpoint;
  readonly apiVersion?: string | undefined;
  readonly quirks?: Quirks | undefined;
  /** Time limit of a connection attempt, in milliseconds. */
  readonly connectTimeoutMs?: number | undefined;
  /** Longest gap between two chunks of a stream, in milliseconds. */
  readonly idleTimeoutMs?: number | undefined;
  /** Maximum size of a complete answer. A longer one is refused. */
  readonly maxAnswerBytes?: number;
  /** Maximum size of an event. A longer one ends its stream. */
  readonly maxEventBytes?: number | undefined;
  /**
   * Handling of a stream after its client has disconnected: aborted by default; drained for providers that bill the complete
   * stream.
   */
  readonly onDisconnect?: 'abort' | 'drain' | undefined;
}

/** Settings of a model that differ from its provider's. */
export interface ModelOptions {
  /** Longest gap between two chunks of a stream, in milliseconds. The provider's if not given. */
  readonly idleTimeoutMs?: number | undefined;
  /** Deviations from its family's profile. */
  readonly profile?: ProfileOverride | undefined;
}

/** Default time limit of a connection attempt. */
export const CONNECT_TIMEOUT_MS = 3_000;
/** Default gap between chunks. A model with hidden reasoning may send nothing for more than a minute. */
export const IDLE_TIMEOUT_MS = 120_000;
export const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
/** An image in one event has some MiB in base64. */
export const MAX_EVENT_BYTES = 16 * 1024 * 1024;
