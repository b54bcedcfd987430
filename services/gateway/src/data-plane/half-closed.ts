import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** When it is tried whether a client that said nothing more is still there, in milliseconds after it said so; then every last of these. */
const PROBES_MS = [0, 10, 30, 100, 300, 1_000, 5_000];

/**
 * A client that closes its side of the connection after its request may have left, or may have nothing more to say and still listen (RFC 9112, section 9.6):
 * the two look the same until something is sent. So something is: an interim answer (RFC 9110, section 15.2), which every client must be able to skip, or
 * a comment in a stream. One that has left answers with a reset, which ends the response, and with it the call.
 *
 * @param comment sends something that means nothing in a stream that has begun
 * @returns what ends it, to be called when the response is closed
 */
export function watchHalfClosed(socket: Socket, response: ServerResponse, comment: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const probe = (n: number): void => {
    if (response.headersSent) comment();
    else response.writeProcessing();
    const last = PROBES_MS.length - 1;
    const waitMs = n < last ? (PROBES_MS[n + 1] as number) - (PROBES_MS[n] as number) : (PROBES_MS[last] as number);
    timer = setTimeout(() => probe(n + 1), waitMs);
  };
  const onEnd = (): void => {
    // before 1.1 there are no interim answers: such a client is taken to listen
    if (response.req.httpVersion !== '1.0') probe(0);
  };
  socket.once('end', onEnd);
  return () => {
    clearTimeout(timer);
    socket.off('end', onEnd);
  };
}
