import { waitFor } from '@sluice/core/testing';
import { type ClientOptions, WebSocket } from 'ws';

type Event = Readonly<Record<string, unknown>>;

/** The response that refused a session. */
export interface RefusedSession {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** A client of a session that collects the events that it receives. */
export class RealtimeClient {
  readonly socket: WebSocket;
  readonly events: Event[] = [];
  closed: { readonly code: number; readonly reason: string } | undefined;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data) => this.events.push(JSON.parse(String(data)) as Event));
    socket.on('error', () => {});
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: String(reason) };
    });
  }

  send(event: object): void {
    this.socket.send(JSON.stringify(event));
  }

  /** Waits for the nth event of a type. */
  async event(type: string, n = 1): Promise<Event> {
    const found = (): Event[] => this.events.filter((event) => event['type'] === type);
    await waitFor(() => found().length >= n, `event ${type}`);
    return found()[n - 1] as Event;
  }

  /** Requests a response and waits until it is done. */
  async respond(instructions = ''): Promise<Event> {
    const before = this.events.filter(({ type }) => type === 'response.done').length;
    this.send({ type: 'response.create', response: { instructions } });
    return await this.event('response.done', before + 1);
  }

  async close(code = 1000): Promise<void> {
    this.socket.close(code);
    await this.end();
  }

  async end(): Promise<{ readonly code: number; readonly reason: string }> {
    await waitFor(() => this.closed !== undefined, 'the close');
    return this.closed as { readonly code: number; readonly reason: string };
  }
}

/** Connects, or returns the refusal. */
export function connectRealtime(
  url: string,
  path: string,
  options: ClientOptions & { readonly protocols?: readonly string[] } = {},
): Promise<RealtimeClient | RefusedSession> {
  const { protocols = [], ...others } = options;
  const socket = new WebSocket(url.replace(/^http/, 'ws') + path, [...protocols], others);
  const client = new RealtimeClient(socket);
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(client));
    socket.once('error', reject);
    socket.once('unexpected-response', (_request, response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: JSON.parse(text) as RefusedSession['body'],
        }),
      );
    });
  });
}

/** Connects to OpenAI's route. */
export async function openSession(url: string, model: string, key: string, path = '/v1/realtime'): Promise<RealtimeClient> {
  const connected = await connectRealtime(url, `${path}?model=${encodeURIComponent(model)}`, {
    headers: { authorization: `Bearer ${key}` },
  });
  if (connected instanceof RealtimeClient) return connected;
  throw new Error(`refused with ${connected.status}: ${JSON.stringify(connected.body)}`);
}

/** Connects and expects a refusal. */
export async function refusedSession(
  url: string,
  path: string,
  options: Parameters<typeof connectRealtime>[2],
): Promise<RefusedSession> {
  const connected = await connectRealtime(url, path, options);
  if (connected instanceof RealtimeClient) throw new Error('was not refused');
  return connected;
}
