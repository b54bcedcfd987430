import {
  errorTexts,
  type LlmCall,
  LlmError,
  type PeerEnd,
  type RealtimeApi,
  type RealtimePeer,
  type RealtimeSession,
  type SessionEnd,
  type SessionRecord,
  sessionRecord,
} from '@sluice/core';
import { servedBy } from '@sluice/proxies';
import type { EarlyMessages } from './early-messages.ts';
import { closeCodeOf, closeReasonOf, errorEvent } from './session-errors.ts';
import type { SessionFigures, SessionOutcome } from './session-figures.ts';
import { SessionTimers, type SessionTimes } from './session-timers.ts';

export interface JoinedSessionOptions {
  readonly call: LlmCall;
  readonly api: RealtimeApi;
  readonly client: RealtimePeer;
  /** Messages that the client sent before the session had a provider. */
  readonly early?: EarlyMessages | undefined;
  readonly session: RealtimeSession;
  readonly times: SessionTimes;
  readonly figures: SessionFigures;
  /** Returns whether the key of the session is still valid. */
  readonly isKeyValid: () => Promise<boolean>;
}

/** Bytes that may wait at one side before the gateway stops reading from the other. */
const HIGH_WATER_BYTES = 1024 * 1024;
/** Longest wait for the reply to a close frame; earlier messages are sent before it. */
const CLOSE_MS = 5_000;
/** The same limit at shutdown, which does not wait longer. */
const SHUTDOWN_CLOSE_MS = 500;

const GOING_AWAY = 1001;
const BROKE = 1006;
/** Close codes of a provider that count as a failure. */
const FAILED_CODES: ReadonlySet<number> = new Set([BROKE, 1009, 1011, 1012, 1013, 1014, 1015]);

/**
 * Forwards the messages of a session between a client and a provider until either side or a limit ends it. Backpressure keeps
 * each direction as slow as its reader.
 */
export class JoinedSession {
  readonly #options: JoinedSessionOptions;
  readonly #record: SessionRecord = {
    ...{ clientMessages: 0, clientBytes: 0, providerMessages: 0, providerBytes: 0, turns: 0 },
    closeCode: undefined,
    closedBy: undefined,
  };
  readonly #timers: SessionTimers;
  readonly #onAbort = (): void => this.#abort(this.#options.call.signal.reason as LlmError);
  #over!: () => void;
  #isOver = false;

  constructor(options: JoinedSessionOptions) {
    this.#options = options;
    const { client, session, times } = options;
    this.#timers = new SessionTimers(times, {
      idle: () => this.#endByGateway('idle', GOING_AWAY, 'idle_timeout: the session had no messages', { end: 'finished' }),
      tooLong: () =>
        this.#endByGateway('duration', GOING_AWAY, 'max_duration: the session reached its longest duration', { end: 'finished' }),
      beat: () => {
        options.figures.seconds();
        if (!client.beat()) this.#clientClosed({ code: BROKE, reason: '' });
        else if (!session.beat()) this.#providerClosed({ code: BROKE, reason: '' });
        else void this.#checkKey();
      },
    });
  }

  /** Resolves when the session has ended. */
  async run(): Promise<SessionRecord> {
    const { call, client, session, early, figures } = this.#options;
    const over = new Promise<void>((resolve) => {
      this.#over = resolve;
    });
    sessionRecord.set(call, this.#record);
    figures.begun(servedBy.get(call)?.provider ?? '');
    session.onUsage(() => {
      this.#record.turns++;
    });
    session.onRefused((error) => this.#abort(error, 'limit'));
    call.signal.addEventListener('abort', this.#onAbort, { once: true });
    for (const { data, isBinary } of early?.taken() ?? []) this.#fromClient(data, isBinary);
    session.receive({
      message: (data, isBinary) => this.#fromProvider(data, isBinary),
      drained: () => client.resume(),
      closed: (end) => this.#providerClosed(end),
    });
    client.receive({
      message: (data, isBinary) => this.#fromClient(data, isBinary),
      drained: () => session.resume(),
      closed: (end) => this.#clientClosed(end),
    });
    if (call.signal.aborted) this.#onAbort();
    await over;
    return this.#record;
  }

  /** Ends the session if its key is revoked, blocked or expired. Never rejects. */
  async #checkKey(): Promise<void> {
    if (await this.#options.isKeyValid()) return;
    this.#abort(new LlmError('invalid_api_key', errorTexts.sessionKeyRevoked), 'limit');
  }

  #fromClient(data: Buffer, isBinary: boolean): void {
    if (this.#isOver) return;
    const { api, client, session, figures } = this.#options;
    this.#record.clientMessages++;
    this.#record.clientBytes += data.length;
    figures.fromClient(data.length);
    this.#timers.alive();
    const refused = session.forward(data, isBinary);
    if (refused !== undefined) {
      const event = errorEvent(api, refused);
      if (event === undefined) this.#abort(refused);
      else client.send(event, false);
    }
    if (session.waitingBytes > HIGH_WATER_BYTES) client.pause();
  }

  #fromProvider(data: Buffer, isBinary: boolean): void {
    if (this.#isOver) return;
    const { client, session, figures } = this.#options;
    this.#record.providerMessages++;
    this.#record.providerBytes += data.length;
    figures.fromProvider(data.length);
    this.#timers.alive();
    client.send(data, isBinary);
    if (client.waitingBytes > HIGH_WATER_BYTES) session.pause();
  }

  #clientClosed({ code, reason, fault }: PeerEnd): void {
    const { session, client } = this.#options;
    if (code === BROKE) {
      const error = new LlmError('client_closed', errorTexts.clientClosed);
      this.#end('client_lost', 'client', code, { end: 'cancelled', error });
      session.close(GOING_AWAY, '', CLOSE_MS);
      client.destroy();
      return;
    }
    if (fault === undefined) {
      this.#end('client_closed', 'client', code, { end: 'finished' });
      session.close(code, reason, CLOSE_MS);
      return;
    }
    const error =
      code === 1009
        ? new LlmError('request_too_large', errorTexts.sessionMessageTooLong)
        : new LlmError('invalid_request', errorTexts.sessionProtocol);
    this.#end('client_fault', 'gateway', code, { end: 'failed', error, byGateway: true });
    session.close(GOING_AWAY, '', CLOSE_MS);
  }

  #providerClosed({ code, reason, fault }: PeerEnd): void {
    const { client, session, call } = this.#options;
    const failed = fault === true || FAILED_CODES.has(code);
    const message = errorTexts.sessionClosedByProvider(servedBy.get(call)?.provider, code);
    const error = new LlmError('upstream_truncated', message, { failure: { kind: 'server_error' } });
    const outcome = code === BROKE ? 'provider_lost' : 'provider_closed';
    this.#end(outcome, 'provider', code, failed ? { end: 'failed', error } : { end: 'finished' });
    client.close(code, reason === '' && failed ? closeReasonOf(error) : reason, CLOSE_MS);
    if (code === BROKE) session.destroy();
  }

  /** Ends the session because of an error of the gateway: shutdown, deadline or limit. */
  #abort(error: LlmError, outcome?: SessionOutcome): void {
    const named = outcome ?? (error.code === 'gateway_draining' ? 'shutdown' : error.status < 500 ? 'client_fault' : 'deadline');
    const { api, client } = this.#options;
    const event = errorEvent(api, error);
    if (event !== undefined && !this.#isOver) client.send(event, false);
    this.#endByGateway(named, closeCodeOf(error), closeReasonOf(error), { end: 'failed', error, byGateway: true });
  }

  #endByGateway(outcome: SessionOutcome, code: number, reason: string, how: SessionEnd): void {
    if (this.#isOver) return;
    const { client, session } = this.#options;
    const withinMs = outcome === 'shutdown' ? SHUTDOWN_CLOSE_MS : CLOSE_MS;
    this.#end(outcome, 'gateway', code, how);
    client.close(code, reason, withinMs);
    session.close(GOING_AWAY, '', withinMs);
  }

  #end(outcome: SessionOutcome, closedBy: SessionRecord['closedBy'], code: number, how: SessionEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { call, session, figures } = this.#options;
    this.#timers.stop();
    call.signal.removeEventListener('abort', this.#onAbort);
    this.#record.closeCode = code;
    this.#record.closedBy = closedBy;
    figures.ended(outcome);
    session.finish(how);
    this.#over();
  }
}
