import {
  type LlmCall,
  type LlmError,
  type LlmProxy,
  type LlmReply,
  type LlmService,
  type Money,
  newCallContext,
  type RealtimeSession,
  type TurnEstimate,
  type Usage,
  withEnd,
} from '@sluice/core';
import { degradedParts, markDegraded } from '../degraded.ts';
import { addQuotaResults, meterStates } from './quota-results.ts';

/** Meters a turn as a call, and charges a turn that was not admitted. */
export interface TurnMeter {
  /** @throws LlmError if the turn is refused */
  complete(call: LlmCall, next: LlmService): Promise<LlmReply>;
  /** Charges a call that has no reservation. */
  charge(call: LlmCall): void;
}

/**
 * Estimate of the first turn: about ten seconds of speech in each direction, with instructions. The estimate of a later turn is
 * the usage of the previous one.
 */
const FIRST_TURN: TurnEstimate = {
  usage: { inputTokens: 500, outputTokens: 500, audioInputTokens: 100, audioOutputTokens: 200 },
};

/** Maximum wait of a turn for the settlement of the previous turn, in ms: the store may be unavailable. */
const SETTLED_MS = 1_000;

const ENDED: LlmReply = { status: 200, contentType: '', headers: {}, body: new Uint8Array(0) };

/**
 * Meters a realtime session turn by turn: each usage report settles the reservation of a turn and reserves the next turn. So
 * tokens and money are charged as they are used, and a session ends when a limit or a hard budget of its caller is used up. The
 * session itself counts as one request and one concurrent call.
 *
 * @throws LlmError as `metering`, if the first turn is refused
 */
export function sessionTurns(meter: TurnMeter): LlmProxy {
  return (next) => ({
    complete: (call) => (call.operation === 'realtime' ? meteredSession(call, next, meter) : next.complete(call)),
  });
}

async function meteredSession(call: LlmCall, next: LlmService, meter: TurnMeter): Promise<LlmReply> {
  const turns = new SessionTurns(call, meter);
  await turns.begin();
  const reply = await withEnd(
    () => next.complete(call),
    () => turns.end(),
  );
  if ('stream' in reply && reply.session !== undefined) turns.follow(reply.session);
  return reply;
}

class SessionTurns {
  readonly #call: LlmCall;
  readonly #meter: TurnMeter;
  #count = 0;
  #settled: { readonly usage: Usage; readonly cost: Money } = { usage: { inputTokens: 0, outputTokens: 0 }, cost: 0 };
  #turn: Turn | undefined;
  #session: RealtimeSession | undefined;
  #ended = false;

  constructor(call: LlmCall, meter: TurnMeter) {
    this.#call = call;
    this.#meter = meter;
  }

  /** Reserves the first turn. @throws LlmError */
  async begin(): Promise<void> {
    await this.#reserve(FIRST_TURN);
  }

  follow(session: RealtimeSession): void {
    this.#session = session;
    session.onUsage(() => this.#next());
  }

  /** Settles the last turn with all usage that is not settled yet. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#settle();
  }

  #next(): void {
    if (this.#ended) return;
    this.#reserve(this.#settle()).catch((error: LlmError) => {
      if (!this.#ended) this.#session?.refuse(error);
    });
  }

  async #reserve(likely: TurnEstimate): Promise<void> {
    const turn = new Turn({ session: this.#call, n: ++this.#count, likely, meter: this.#meter, before: this.#turn });
    this.#turn = turn;
    await turn.admitted;
    const settled = { callId: turn.call.id, settled: this.#settled.cost };
    addQuotaResults(this.#call, turn.call, settled);
    markDegraded(this.#call, degradedParts.get(turn.call));
  }

  #settle(): { readonly usage: Usage; readonly cost: Money } {
    const { usage = this.#settled.usage, cost = this.#settled.cost } = this.#call.context.account.accruedIfEndedNow();
    const spent = {
      usage: {
        inputTokens: Math.max(0, usage.inputTokens - this.#settled.usage.inputTokens),
        outputTokens: Math.max(0, usage.outputTokens - this.#settled.usage.outputTokens),
      },
      cost: Math.max(0, cost - this.#settled.cost),
    };
    this.#settled = { usage, cost };
    this.#turn?.end(spent.usage, spent.cost);
    return spent;
  }
}

interface TurnOptions {
  readonly session: LlmCall;
  readonly n: number;
  readonly likely: TurnEstimate;
  readonly meter: TurnMeter;
  readonly before: Turn | undefined;
}

/** One turn, metered as a call that lasts until the turn is over. */
class Turn {
  readonly admitted: Promise<void>;
  /** Resolves when the turn is settled or refused. */
  readonly settled: Promise<void>;
  readonly call: LlmCall;
  readonly #meter: TurnMeter;
  #end!: (reply: LlmReply) => void;
  #isOver = false;
  #isRefused = false;

  constructor({ session, n, likely, meter, before }: TurnOptions) {
    const stored = Promise.withResolvers<void>();
    const { requestId, operation, dialect, route, message, preferences, signal, startedAtMs, context } = session;
    this.call = {
      ...{ id: `${session.id}.${n}`, requestId, operation, dialect, route, message, preferences, signal, startedAtMs },
      credential: undefined,
      turn: { ...likely, onSettled: () => stored.resolve() },
      context: { ...newCallContext(), caller: context.caller },
    };
    this.#meter = meter;
    const over = new Promise<LlmReply>((resolve) => {
      this.#end = resolve;
    });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.admitted = promise;
    // the caller of `admitted` handles the refusal; a turn may be over before that
    this.admitted.catch(() => {});
    const service: LlmService = {
      complete() {
        resolve();
        return over;
      },
    };
    // the store receives the settlement of the previous turn first: this turn is refused if the previous one used up the limit
    const begun =
      before === undefined ? meter.complete(this.call, service) : before.settled.then(() => meter.complete(this.call, service));
    this.settled = begun.then(
      // without a meter there is nothing to settle
      () => (meterStates.get(this.call).length === 0 ? undefined : within(stored.promise, SETTLED_MS)),
      (error: unknown) => {
        this.#refused();
        reject(error);
      },
    );
  }

  end(usage: Usage, cost: Money): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.call.context.account.replace({ usage, cost });
    this.#end(ENDED);
    if (this.#isRefused) this.#charge();
  }

  #refused(): void {
    this.#isRefused = true;
    if (this.#isOver) this.#charge();
  }

  /** Charges usage of a session while its turn was refused: the provider bills it anyway. */
  #charge(): void {
    const { usage, cost = 0 } = this.call.context.account;
    if (cost > 0 || (usage !== undefined && usage.inputTokens + usage.outputTokens > 0)) this.#meter.charge(this.call);
  }
}

/** Waits for a promise, but no longer than `ms`. */
function within(done: Promise<void>, ms: number): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(() => late.resolve(), ms);
  return Promise.race([done, late.promise]).finally(() => clearTimeout(timer));
}
