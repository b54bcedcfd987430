/** The parts of a request that are signed. */
export interface UnsignedRequest {
  readonly method: string;
  readonly origin: string;
  /** With its query. */
  readonly path: string;
  readonly body: Buffer;
}

/** The authentication of requests to a provider. */
export interface Credentials {
  /**
   * Returns headers as alternating names and values; a promise if a token has to be fetched or the request has to be signed.
   */
  headers(request: UnsignedRequest): readonly string[] | Promise<readonly string[]>;
}
