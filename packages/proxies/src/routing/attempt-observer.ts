import type { AttemptCharge, Failure, FailureKind, LlmCall, StreamOutcome } from '@sluice/core';
import type { Target } from './model.ts';

/** An attempt that has begun. */
export interface BegunAttempt {
  readonly call: LlmCall;
  readonly target: Target;
  /** Whether it probes a half-open circuit. */
  readonly probe: boolean;
  /** Number of earlier failures of this target in the same call. */
  readonly failuresBefore: number;
}

/** How an attempt ended. */
export type AttemptEnd =
  /** A complete response, with any status that is not a failure. */
  | { readonly kind: 'answered'; readonly status: number; readonly tookMs: number; readonly charge: AttemptCharge }
  /** A stream that had begun. */
  | {
      readonly kind: 'streamed';
      readonly outcome: StreamOutcome;
      /** Milliseconds between its first content and its end. */
      readonly lastedMs: number;
      readonly superseded: boolean;
      /** Whether it broke by a failure of the provider. */
      readonly broken: boolean;
      /** The failure that counts against the target. Undefined if the call's own deadline ended the stream. */
      readonly fault: FailureKind | undefined;
      readonly charge: AttemptCharge;
    }
  /** The target failed before its response began. */
  | { readonly kind: 'failed'; readonly failure: Failure }
  /** The request cannot be sent to this provider. */
  | { readonly kind: 'refused' }
  /** The call was aborted before the response began: by its client, its deadline, or a faster attempt. */
  | { readonly kind: 'cancelled'; readonly superseded: boolean; readonly charge: AttemptCharge };

/** Receives the events of all attempts. Observers are independent of each other, and called in order. */
export interface AttemptObserver {
  onStart?(attempt: BegunAttempt): void;
  /** A response has begun: a stream with its first content, or a complete response. */
  onReply?(attempt: BegunAttempt, tookMs: number, streamed: boolean): void;
  onEnd?(attempt: BegunAttempt, end: AttemptEnd): void;
}
