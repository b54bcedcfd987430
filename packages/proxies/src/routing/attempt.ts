import {
  type Attempt,
  type AttemptAccount,
  type AttemptCharge,
  type AttemptInFlight,
  asLlmError,
  type Clock,
  type Failure,
  isStreamed,
  type LlmCall,
  type LlmError,
  type LlmReply,
  type ReplyStream,
  type Spent,
  type StreamedReply,
  type StreamOutcome,
  type Usage,
  type WholeReply,
} from '@sluice/core';
import type { TextCounter } from '@sluice/dialects';
import { costOf, unpricedParts } from '@sluice/pricing';
import { counterOf, promptTokens } from '../call-estimate.ts';
import type { AttemptEnd, AttemptObserver, BegunAttempt } from './attempt-observer.ts';
import { BILLED, type CountedUsage, usageOfStream, usageOfWhole } from './billed-usage.ts';
import { CallHistory } from './call-history.ts';
import type { Target } from './model.ts';
import { servedBy } from './served-by.ts';

/** The result of an attempt: a response that has begun, or a failure that another attempt may recover. */
export type AttemptResult =
  | {
      readonly reply: LlmReply;
      readonly failure?: undefined;
      /** Cancels a response that is no longer needed, because another attempt was faster. */
      cancel(): void;
    }
  | { readonly failure: Failure; readonly outcome: LlmError | LlmReply };

/** An attempt that failed or could not be made. */
export type FailedAttempt = Exclude<AttemptResult, { failure?: undefined }>;

export interface AttemptOptions {
  readonly call: LlmCall;
  readonly target: Target;
  /** Whether it probes a half-open circuit. */
  readonly probe: boolean;
  /** Abort reason of this attempt if another one is faster. */
  readonly superseded?: LlmError | undefined;
  readonly observers: readonly AttemptObserver[];
  readonly clock: Clock;
}

/**
 * One attempt at one target. It reports its events to the observers, and writes its usage, cost and outcome into its own
 * account of the call: also if it is abandoned, or another attempt is faster. An attempt that failed before its response began
 * costs nothing.
 */
export class TargetAttempt implements BegunAttempt, AttemptInFlight {
  readonly call: LlmCall;
  readonly target: Target;
  readonly probe: boolean;
  readonly failuresBefore: number;
  readonly #options: AttemptOptions;
  readonly #history: CallHistory;
  readonly #counter: TextCounter;
  readonly #account: AttemptAccount;
  readonly #startedMs: number;
  #prompt: Usage | undefined;
  #stream: ReplyStream | undefined;
  #superseded = false;

  constructor(options: AttemptOptions) {
    const { call, target, probe } = options;
    this.#options = options;
    this.call = call;
    this.target = target;
    this.probe = probe;
    this.#history = CallHistory.of(call);
    this.failuresBefore = this.#history.failuresOf(target.name);
    this.#counter = counterOf(target);
    this.#startedMs = options.clock.monotonic();
    showTarget(call, target);
    this.#account = call.context.account.open(this);
  }

  /** @throws LlmError an error that no other attempt can recover */
  async run(): Promise<AttemptResult> {
    for (const observer of this.#options.observers) observer.onStart?.(this);
    let reply: LlmReply;
    try {
      reply = await this.target.service.complete(this.call);
    } catch (thrown) {
      return this.#threw(asLlmError(thrown));
    }
    const tookMs = this.#elapsedMs();
    if (reply.failure !== undefined) {
      this.#failed(reply.failure, tookMs, { reason: reply.failure.kind, status: reply.status });
      return { failure: reply.failure, outcome: reply };
    }
    for (const observer of this.#options.observers) observer.onReply?.(this, tookMs, isStreamed(reply));
    return isStreamed(reply) ? this.#streams(reply, tookMs) : this.#answered(reply, tookMs);
  }

  accrued(): Spent {
    const usage =
      this.#stream === undefined
        ? this.#promptUsage()
        : usageOfStream(this.call, { end: 'cancelled', ...this.#stream.progress() }, this.#counter).usage;
    return { usage, cost: costOf(this.target.price, usage) };
  }

  #answered(reply: WholeReply, tookMs: number): AttemptResult {
    const { status } = reply;
    this.#close('answered', tookMs, status === 200 ? {} : { status });
    const charge = this.#charge(usageOfWhole(this.call, reply, this.#counter));
    this.#end({ kind: 'answered', status, tookMs, charge });
    return { reply, cancel() {} };
  }

  #streams(reply: StreamedReply, tookMs: number): AttemptResult {
    const { stream } = reply;
    this.#account.begun(tookMs);
    this.#stream = stream;
    stream.onEnd((outcome) => this.#streamEnded(outcome, tookMs));
    const cancel = (): void => {
      this.#superseded = true;
      stream.cancel();
    };
    return { reply, cancel };
  }

  #streamEnded(outcome: StreamOutcome, tookMs: number): void {
    const broken = outcome.end === 'failed' && outcome.byGateway !== true;
    const kind = outcome.error?.failure?.kind;
    const charge = this.#charge(usageOfStream(this.call, outcome, this.#counter));
    const reason = kind === 'timeout' ? 'timeout' : 'truncated';
    if (broken) this.#history.failed(this.target.name, reason);
    const ended = outcome.end === 'cancelled' ? 'cancelled' : 'answered';
    this.#close(this.#superseded ? 'superseded' : broken ? 'failed' : ended, tookMs, broken ? { reason } : {});
    // the call's own deadline is not a fault of the target
    const fault = broken && !this.call.signal.aborted ? (kind ?? 'server_error') : undefined;
    const lastedMs = this.#elapsedMs() - tookMs;
    this.#end({ kind: 'streamed', outcome, lastedMs, superseded: this.#superseded, broken, fault, charge });
  }

  #threw(error: LlmError): AttemptResult {
    const tookMs = this.#elapsedMs();
    if (this.call.signal.aborted) {
      const superseded = error === this.#options.superseded;
      this.#close(superseded ? 'superseded' : 'cancelled', tookMs);
      // the provider received the prompt and bills it
      const isBilled = BILLED.has(this.call.operation);
      const charge = isBilled ? this.#charge({ usage: this.#promptUsage(), estimated: 'broken' }) : UNCHARGED;
      this.#end({ kind: 'cancelled', superseded, charge });
      throw error;
    }
    if (error.failure === undefined && error.status < 500) {
      // the request cannot be expressed in this provider's dialect: it was never sent
      this.#history.failed(this.target.name, 'invalid_request');
      this.#close('failed', tookMs, { reason: 'invalid_request', status: error.status });
      this.#end({ kind: 'refused' });
      throw error;
    }
    const failure: Failure = error.failure ?? { kind: 'server_error' };
    const { kind: reason, status } = failure;
    this.#failed(failure, tookMs, { reason, status });
    if (error.code === 'internal_error') throw error;
    return { failure, outcome: error };
  }

  #failed(failure: Failure, tookMs: number, detail: Pick<Attempt, 'reason' | 'status'>): void {
    this.#history.failed(this.target.name, failure.kind);
    this.#close('failed', tookMs, detail);
    this.#end({ kind: 'failed', failure });
  }

  #end(end: AttemptEnd): void {
    for (const observer of this.#options.observers) observer.onEnd?.(this, end);
  }

  #close(outcome: Attempt['outcome'], tookMs: number, detail: Pick<Attempt, 'reason' | 'status'> = {}): void {
    const { name, provider, model } = this.target;
    const latencyMs = Math.round(tookMs * 10) / 10;
    const record = { target: name, provider, model, outcome, latencyMs, ...detail };
    this.call.context.account.close(this.#account, record, this.#elapsedMs());
  }

  #charge({ usage, estimated }: CountedUsage): AttemptCharge {
    const { price } = this.target;
    const charge = { usage, cost: costOf(price, usage), estimated, unpriced: unpricedParts(price, usage) };
    this.#account.charge(charge);
    return charge;
  }

  /** Returns the usage of the prompt alone. It is counted once. */
  #promptUsage(): Usage {
    this.#prompt ??= { inputTokens: promptTokens(this.call, this.#counter), outputTokens: 0 };
    return this.#prompt;
  }

  #elapsedMs(): number {
    return this.#options.clock.monotonic() - this.#startedMs;
  }
}

const UNCHARGED: AttemptCharge = { usage: undefined, cost: undefined, estimated: undefined, unpriced: [] };

/** Shows the target that serves, or will serve, the call. */
export function showTarget(call: LlmCall, { provider, model, name }: Target): void {
  servedBy.set(call, { provider, model, target: name });
}
