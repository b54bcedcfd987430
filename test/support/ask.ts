/** The complete response to one request. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: Record<string, unknown>;
  /** The error code of the gateway's API. */
  readonly code: unknown;
}

export interface AskOptions {
  readonly key?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Sends a body (an object as JSON) to the LLM API and reads the response. */
export async function ask(url: string, body: object | string, options: AskOptions = {}): Promise<Answer> {
  const response = await fetch(`${url}${options.path ?? '/v1/chat/completions'}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(options.key === undefined ? {} : { authorization: `Bearer ${options.key}` }),
      ...options.headers,
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  return read(response);
}

/** Sends a request to the admin API. */
export async function askAdmin(
  adminUrl: string,
  key: string,
  method: string,
  path: string,
  body?: object,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(`${adminUrl}/admin/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      ...headers,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return read(response);
}

async function read(response: Response): Promise<Answer> {
  const text = await response.text();
  let json: Record<string, unknown> = {};
  try {
    json = JSON.parse(text) as Record<string, unknown>;
  } catch {
    // the body is a stream or empty
  }
  // the LLM API has the code within the error, the admin API next to the details
  const error = json['error'] as { code?: unknown } | undefined;
  return { status: response.status, headers: response.headers, text, json, code: error?.code ?? json['code'] };
}

/** Returns a chat request with a single message. */
export const chat = (model: string, content: string, more: object = {}): object => ({
  model,
  messages: [{ role: 'user', content }],
  ...more,
});
