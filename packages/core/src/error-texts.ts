/**
 * Texts of the errors that the gateway raises for clients, next to their codes (`ERROR_CODES`).
 *
 * A text contains no internal host, no secret and no text of a provider. Parameters are configured names, numbers, and parts of
 * the client's own request.
 *
 * @example
 * throw new LlmError('upstream_timeout', errorTexts.providerStopped('openai'));
 */
export const errorTexts = {
  // providers
  providerStopped: (provider: string) => `The provider ${provider} stopped sending before the answer was complete.`,
  providerUnreachableInTime: (provider: string) => `The provider ${provider} could not be reached in time.`,
  providerUnreachable: (provider: string) =>
    `The provider ${provider} could not be reached, or closed the connection before its answer began.`,
  connectionBroke: (provider: string) => `The connection to ${provider} broke in the middle of the answer.`,
  providerFailed: (provider: string, status: number) => `The provider ${provider} failed (status ${status}).`,
  providerFailedEarly: (provider: string) => `The provider ${provider} failed before its answer began.`,
  providerRateLimited: (provider: string) => `The provider ${provider} refuses calls: its rate limit is reached.`,
  providerLacksRoute: (provider: string, route: string) => `The provider ${provider} does not support ${route}.`,
  eventTooLong: (provider: string) => `The provider ${provider} sent an event that is too long.`,
  answerTooLong: (provider: string) => `The answer of ${provider} is too long.`,
  answerNotDecodable: (provider: string) => `The answer of ${provider} cannot be decoded.`,
  answerNotJson: 'The provider sent an answer that is not JSON.',
  answerNotParsable: 'The provider sent an answer that Sluice cannot parse.',
  answerEmpty: 'The provider sent an answer without content.',
  answerIncomplete: 'The provider ended the stream before the answer was complete.',
  countNotParsable: 'The provider sent a token count that Sluice cannot parse.',
  wholeAnswerToStream: 'The provider sent a whole response instead of a stream.',
  refusedByProvider: 'The provider refused the request.',
  sessionNotOpened: 'The provider responded to the request for a session without opening one.',
  sessionRefusedByProvider: 'The provider refused the session.',
  sessionClosedByProvider: (provider: string | undefined, code: number) =>
    `The provider ${provider} closed the session (${code}).`,
  streamEndedEarly: 'The provider ended the stream too early.',
  noAccessToken: (provider: string) => `Sluice could not get an access token for the provider ${provider}.`,
  noSigningCredentials: (provider: string) => `Sluice could not get credentials to sign the request to the provider ${provider}.`,
  bodyNotRepeatable: 'The connection to the provider broke, and the body of this request cannot be sent again.',
  choicesOutOfRange: (max: number) => `'n' must be a whole number from 1 to ${max}.`,
  dimensionsOutOfRange: (max: number) => `'dimensions' must be a whole number from 1 to ${max}.`,
  simulatedRoute: 'A simulated provider has no such route.',
  dialectWithoutEmbeddings: 'This dialect has no embeddings.',
  dialectWithoutCounts: 'This dialect does not count tokens.',

  // routing
  beginDeadline: (streamed: boolean, ms: number) => `The provider did not ${streamed ? 'begin to ' : ''}answer within ${ms} ms.`,
  wholeDeadline: (ms: number) => `The answer was not complete within ${ms} ms.`,
  allRateLimited: (model: string, retryS: number) => `All providers of ${model} are rate limited. Retry after ${retryS} s.`,
  noneAvailable: (model: string, retryS: number) => `No provider of ${model} is available. Retry after ${retryS} s.`,
  concurrencyLimit: "The concurrency limit of this model's provider is reached. Retry later.",
  noSessions: (model: string, api: string) => `The model '${model}' has no provider with ${api}.`,
  superseded: 'Another target was faster.',
  noProviderForRoute: (route: string) => `No configured provider serves ${route}.`,
  unknownModel: (model: string) => `The model '${model}' does not exist.`,
  modelNotAtProvider: (model: string, provider: string) => `The model '${model}' is not available at the provider '${provider}'.`,

  // requests
  clientClosed: 'The client closed the connection.',
  clientClosedDrained: 'The client closed the connection, and the rest of the answer was not received in time.',
  callDeadline: (ms: number) => `The call's deadline of ${ms} ms has passed.`,
  readBeforeReceived: 'The request was read before it was received.',
  severalHosts: 'The request has several Host headers.',
  headerMustBe: (header: string, expected: string) => `The header '${header}' must be ${expected}.`,
  contentTypeNotJson: 'The Content-Type must be application/json.',
  bodyCompressed: 'The body is compressed. Send it without Content-Encoding.',
  bodyTooSlow: 'The body arrived too slowly.',
  bodyTooLong: (maxBytes: number) => `The body is longer than ${maxBytes} bytes.`,
  tooManyBodies: 'The gateway is receiving too many request bodies. Try again.',
  malformedHttp: 'The request is not valid HTTP.',
  targetNotPath: 'The request target must be a path.',
  pathHasEmptySegment: 'The path has an empty segment ("//"): the base URL of the client may end in a slash too many.',
  pathNotEncoded: 'The path is not validly encoded.',
  pathAmbiguous: 'The path has segments that servers read differently. Write it without encoding.',
  deploymentNotModel: 'The deployment in the path must be the name of a model.',
  modelNotName: "'model' must be a name of 1 to 256 printable ASCII characters.",
  partHeadTooLong: 'The head of a part is too long.',
  severalModels: "There are several parts 'model'.",
  unknownRoute: (suggestion: string | undefined) =>
    `There is no such route.${suggestion === undefined ? '' : ` Use ${suggestion}.`}`,
  methodNotAllowed: (path: string, method: string, methods: readonly string[]) =>
    `${path} does not support ${method}. It supports ${methods.join(', ')}.`,
  otherApi: (method: string, path: string) => `${method} ${path} belongs to another API than the headers of this request.`,
  routeNotServed: (instead: string) => `This route is not served. ${instead}`,
  shutdownDeadline: 'The gateway is shutting down, and this call did not finish in time.',

  // realtime sessions
  responsesNeedHttp: 'Responses are not served over WebSockets. Use POST /v1/responses over HTTP.',
  sessionsDisabled: 'Realtime sessions are disabled in this gateway.',
  sessionsNeedWebSocket: (path: string) => `${path} accepts WebSocket requests only.`,
  sessionOfCall: 'Sessions of calls (call_id) are not served. Connect with a model.',
  sessionIntent: "'intent' must be 'transcription' or be omitted.",
  sessionWithoutModel: "The address must name the model: '?model=NAME'.",
  sessionModelChanged: "The model of a session cannot be changed. Connect again with '?model='.",
  setupWithoutModel: "The first message must be 'setup' with a model.",
  setupRepeated: 'A session is set up once, by its first message.',
  setupTooLate: (ms: number) => `The first message did not arrive within ${ms} ms.`,
  sessionMessageTooLong: 'A message of the session is too long.',
  sessionProtocol: 'The client violated the WebSocket protocol.',
  sessionKeyRevoked: 'The API key is no longer valid.',
  sessionOrigin: 'Pages of this origin are not allowed to connect.',
  shutdownReconnect: 'The gateway is shutting down. Connect again.',
  tooManySessions: 'The gateway has too many sessions right now.',
  webSocketVersion: 'The version of the WebSocket protocol must be 13.',
  webSocketKey: "The header 'sec-websocket-key' is missing or malformed.",
  webSocketSubprotocol: "The header 'sec-websocket-protocol' is malformed.",
} as const;
