import {
  type Attempt,
  asLlmError,
  type Clock,
  type Failure,
  isStreamed,
  type LlmCall,
  type LlmError,
  type LlmReply,
  type Money,
  type Usage,
} from '@sluice/core';
import { costOf, unpricedParts } from '@sluice/pricing';
import type { Metrics } from '@sluice/telemetry';
import { counterOf } from '../call-estimate.ts';
import type { CircuitBreakers } from './circuit-breakers.ts';
import type { LatencySamples } from './latency-samples.ts';
import { BILLED, type EstimateReason, usageOfStream, usageOfWhole } from './left-stream.ts';
import { circuitOf, type Target } from './model.ts';
import { RunningAttempt } from './running-attempt.ts';
import type { SharedLoads } from './shared-loads.ts';
import { sumOf } from './spent.ts';
import { callerKey, voiceOf } from './voice.ts';

/** Observer of attempts: of each picked target and of the result. */
export interface TargetUsage {
  onPick(target: Target): void;
  onDone(target: Target, spent: { readonly usage: Usage | undefined; readonly cost: Money | undefined }, ok: boolean): void;
}

export interface AttemptsOptions {
  readonly usage: TargetUsage;
  readonly loads: SharedLoads;
  readonly breakers: CircuitBreakers;
  readonly latencies: (target: Target) => LatencySamples;
  readonly clock: Clock;
  readonly metrics?: Pick<Metrics, 'attempts' | 'usageEstimated'> | undefined;
  /** Returns whether this process was suspended recently. Its deadlines then passed without a chance to receive anything. */
  readonly slept?: (() => boolean) | undefined;
}

/** The result of an attempt: a response that has begun, or a failure that another attempt may recover. */
export type Tried =
  | { readonly reply: LlmReply; readonly failure?: undefined; abandon(): void }
  | { readonly failure: Failure; readonly outcome: LlmError | LlmReply };

/** The abort reason of a hedged attempt that lost, because another target was faster. */
export interface Race {
  readonly lost: LlmError;
}

/** Default cooldown if a rate-limited target sends no `retry-after`, in milliseconds. */
const COOLING_MS = 1_000;

/** Failures that count against a target. Other failures concern the call or our rate limit. */
const BROKEN: ReadonlySet<Failure['kind']> = new Set(['unreachable', 'silent', 'unavailable', 'credentials']);

/** Failures by a deadline. */
const TIMED_OUT: ReadonlySet<Failure['kind']> = new Set(['silent', 'unreachable']);

/**
 * Makes attempts at targets and reports them to the call's facts, the usage figures and the circuit breakers.
 *
 * The cost of an attempt is charged to the call as soon as it is known. This includes abandoned attempts and attempts that lost
 * a race. An attempt that failed before its response began costs nothing.
 */
export class Attempts {
  readonly #options: AttemptsOptions;

  constructor(options: AttemptsOptions) {
    this.#options = options;
  }

  /**
   * @param call its signal may belong to this attempt only
   * @param probe whether the attempt probes a half-open target
   * @throws LlmError that no other attempt can recover
   */
  async make(call: LlmCall, target: Target, probe: boolean, race?: Race): Promise<Tried> {
    const { usage, loads, breakers, clock, metrics, latencies } = this.#options;
    const { facts } = call;
    const circuit = circuitOf(target);
    const counter = counterOf(target);
    const startedMs = clock.monotonic();
    showTarget(call, target);
    facts.attempts++;
    usage.onPick(target);
    const end = loads.begin(target.name);
    const running = new RunningAttempt(call, target, counter);
    facts.inFlight = [...facts.inFlight, running];

    const over = (outcome: Attempt['outcome'], answeredMs: number, why: { reason?: Attempt['reason']; status?: number } = {}) => {
      end();
      facts.inFlight = facts.inFlight.filter((one) => one !== running);
      facts.upstreamMs += clock.monotonic() - startedMs;
      facts.beginMs = 0;
      const { name, provider, model } = target;
      const latencyMs = Math.round((answeredMs - startedMs) * 10) / 10;
      const { reason, status } = why;
      const detail = { ...(reason === undefined ? {} : { reason }), ...(status === undefined ? {} : { status }) };
      facts.tried = [...facts.tried, { target: name, provider, model, outcome, latencyMs, ...detail }];
    };
    const charge = (spent: Usage | undefined, estimated: EstimateReason | undefined): Money | undefined => {
      const cost = costOf(target.price, spent);
      Object.assign(facts, sumOf(facts, { usage: spent, cost }));
      const unpriced = unpricedParts(target.price, spent);
      if (unpriced.length > 0) facts.unpriced = [...new Set([...facts.unpriced, ...unpriced])];
      if (estimated !== undefined) {
        facts.estimated = true;
        if (estimated !== 'broken') facts.usageIssue = estimated;
        metrics?.usageEstimated.inc({ provider: target.provider, reason: estimated });
      }
      return cost;
    };

    try {
      const reply = await target.service.complete(call);
      const answeredMs = clock.monotonic();
      const tookMs = answeredMs - startedMs;
      if (reply.failure !== undefined) {
        over('failed', answeredMs, { reason: reply.failure.kind, status: reply.status });
        this.#failed(call, target, reply.failure, probe);
        return { failure: reply.failure, outcome: reply };
      }
      latencies(target).add(tookMs);
      let lost = false;
      if (!isStreamed(reply)) {
        if (reply.status < 500) breakers.succeeded(circuit, probe, callerKey(call));
        else this.#countFailure(call, target, probe, 'unavailable');
        loads.measured(target.name, { wholeMs: tookMs });
        over('answered', answeredMs, reply.status === 200 ? {} : { status: reply.status });
        const counted = usageOfWhole(call, reply, counter);
        const cost = charge(counted.usage, counted.estimated);
        usage.onDone(target, { usage: counted.usage, cost }, reply.status < 500);
        metrics?.attempts.inc({ provider: target.provider, outcome: reply.status < 500 ? 'ok' : 'error' });
        return { reply, abandon: () => {} };
      }
      // the beginning of a response proves that the target is up: do not wait for its end
      if (probe) breakers.succeeded(circuit, true, callerKey(call));
      loads.measured(target.name, { firstMs: tookMs });
      facts.beginMs = tookMs;
      const { stream } = reply;
      running.stream = stream;
      void stream.outcome.then((outcome) => {
        const counted = usageOfStream(call, outcome, counter);
        const broken = outcome.end === 'failed' && outcome.byGateway !== true;
        const cost = charge(counted.usage, counted.estimated);
        over(
          lost ? 'lost' : broken ? 'failed' : outcome.end === 'cancelled' ? 'cancelled' : 'answered',
          answeredMs,
          broken ? { reason: outcome.error?.failure?.kind === 'silent' ? 'silent' : 'truncated' } : {},
        );
        // the call's own deadline is not the target's fault
        const fault = broken && !call.signal.aborted;
        if (fault) this.#countFailure(call, target, false, outcome.error?.failure?.kind ?? 'unavailable');
        else if (outcome.end === 'finished') {
          breakers.succeeded(circuit, false, callerKey(call));
          const tokens = counted.usage?.outputTokens ?? 0;
          if (tokens > 1) loads.measured(target.name, { tokenMs: (clock.monotonic() - answeredMs) / (tokens - 1) });
        }
        usage.onDone(target, { usage: counted.usage, cost }, !fault);
        metrics?.attempts.inc({ provider: target.provider, outcome: lost ? 'lost' : broken ? 'error' : 'ok' });
      });
      const abandon = (): void => {
        lost = true;
        stream.cancel();
      };
      return { reply, abandon };
    } catch (thrown) {
      const error = asLlmError(thrown);
      const nowMs = clock.monotonic();
      const provider = target.provider;
      if (call.signal.aborted) {
        if (probe) breakers.undecided(circuit);
        const lost = race !== undefined && error === race.lost;
        over(lost ? 'lost' : 'cancelled', nowMs);
        // the provider has received the prompt and bills it
        const prompt = BILLED.has(call.operation) ? running.prompt : undefined;
        const cost = prompt === undefined ? undefined : charge(prompt, 'broken');
        usage.onDone(target, { usage: prompt, cost }, true);
        metrics?.attempts.inc({ provider, outcome: lost ? 'lost' : 'cancelled' });
        throw error;
      }
      if (error.failure === undefined && error.status < 500) {
        // the provider's dialect cannot express this call, so the provider was never called
        if (probe) breakers.undecided(circuit);
        over('failed', nowMs, { reason: 'rejected', status: error.status });
        metrics?.attempts.inc({ provider, outcome: 'refused' });
        throw error;
      }
      const failure = error.failure ?? { kind: 'unavailable' };
      over('failed', nowMs, { reason: failure.kind, ...(failure.status === undefined ? {} : { status: failure.status }) });
      this.#failed(call, target, failure, probe);
      if (error.code === 'internal_error') throw error;
      return { failure, outcome: error };
    }
  }

  #failed(call: LlmCall, target: Target, failure: Failure, probe: boolean): void {
    const { breakers, usage, metrics } = this.#options;
    const circuit = circuitOf(target);
    const { kind, retryAfterMs, tooLarge } = failure;
    if (BROKEN.has(kind)) this.#countFailure(call, target, probe, kind);
    else if (kind === 'rate_limited') {
      if (probe) breakers.undecided(circuit);
    }
    // A 4xx about the request proves that the target is up.
    else breakers.succeeded(circuit, probe, callerKey(call));
    const coolMs = kind === 'rate_limited' ? (retryAfterMs ?? COOLING_MS) : (retryAfterMs ?? 0);
    // a call that exceeds the provider's maximum is no evidence about smaller calls
    if (coolMs > 0 && tooLarge !== true) breakers.cool(circuit, coolMs, callerKey(call));
    if (BROKEN.has(kind)) usage.onDone(target, { usage: undefined, cost: undefined }, false);
    const outcome = kind === 'rate_limited' ? 'rate_limited' : BROKEN.has(kind) ? 'error' : 'refused';
    metrics?.attempts.inc({ provider: target.provider, outcome });
  }

  /**
   * Counts a failure for the target's circuit: at most one per call, whatever the number of retries. Timeouts after a
   * suspension of this process do not count.
   */
  #countFailure(call: LlmCall, target: Target, probe: boolean, kind: Failure['kind']): void {
    const { breakers, slept } = this.#options;
    const circuit = circuitOf(target);
    if (TIMED_OUT.has(kind) && slept?.() === true) {
      if (probe) breakers.undecided(circuit);
      return;
    }
    const failures = call.facts.tried.filter((one) => one.target === target.name && one.outcome === 'failed').length;
    if (failures > 1 && !probe) return;
    breakers.failed(circuit, probe, kind === 'unavailable' ? voiceOf(call) : undefined);
  }
}

/** Records the target that serves the call or is about to. */
export function showTarget({ facts }: LlmCall, { provider, model, name }: Target): void {
  facts.provider = provider;
  facts.providerModel = model;
  facts.target = name;
}
