/** What a request is, as far as it is signed. */
export interface UnsignedRequest {
  readonly method: string;
  readonly origin: string;
  /** With its query. */
  readonly path: string;
  readonly body: Buffer;
}

/** How a request is authenticated. */
export interface Credentials {
  /** Headers as names and values; a promise where a token has to be fetched or a request to be signed. */
  headers(request: UnsignedRequest): readonly string[] | Promise<readonly string[]>;
}
