import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Times of the probes, in milliseconds after the client half-closed the connection. The last one is also the interval of all
 * further probes.
 */
const PROBES_MS = [0, 10, 30, 100, 300, 1_000, 5_000];

/** A response that is not closed yet. */
export interface OpenResponse {
  readonly response: ServerResponse;
  /** Sends a no-op into a stream that has begun. */
  comment(): void;
}

/**
 * Detects whether a client that half-closed its connection has disconnected. A client that closes its side after the request
 * may have disconnected, or may still read the response (RFC 9112, section 9.6). Only sending something shows the difference:
 * an interim response (RFC 9110, section 15.2), which every client must be able to skip, or a comment in a stream. A
 * disconnected client's machine replies with a reset, which ends the response and the call.
 *
 * One watch serves all responses of a connection: a listener for each response would cost more than the rest of it.
 */
export class HalfClosedWatch {
  static readonly #watches = new WeakMap<Socket, HalfClosedWatch>();
  /** Several only if the client pipelines its requests. */
  readonly #open: OpenResponse[] = [];
  #timer: NodeJS.Timeout | undefined;

  private constructor(socket: Socket) {
    socket.once('end', () => this.#probe(0));
  }

  /** Returns the watch of a connection. */
  static of(socket: Socket): HalfClosedWatch {
    let watch = HalfClosedWatch.#watches.get(socket);
    if (watch === undefined) {
      watch = new HalfClosedWatch(socket);
      HalfClosedWatch.#watches.set(socket, watch);
    }
    return watch;
  }

  add(open: OpenResponse): void {
    this.#open.push(open);
  }

  remove(open: OpenResponse): void {
    const at = this.#open.indexOf(open);
    if (at !== -1) this.#open.splice(at, 1);
    if (this.#open.length === 0) clearTimeout(this.#timer);
  }

  #probe(n: number): void {
    if (this.#open.length === 0) return;
    for (const open of this.#open) probe(open);
    const last = PROBES_MS.length - 1;
    const waitMs = n < last ? (PROBES_MS[n + 1] as number) - (PROBES_MS[n] as number) : (PROBES_MS[last] as number);
    this.#timer = setTimeout(() => this.#probe(n + 1), waitMs);
  }
}

function probe(open: OpenResponse): void {
  const { response } = open;
  // HTTP/1.0 has no interim responses: such a client counts as connected
  if (response.req.httpVersion === '1.0') return;
  if (response.headersSent) open.comment();
  else response.writeProcessing();
}
