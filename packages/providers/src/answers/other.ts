import type { StreamOutcome, WholeReply } from '@sluice/core';
import type { StreamObserver } from '@sluice/dialects';
import type { AnswerReader } from './answer-reader.ts';

const NOTHING = Buffer.alloc(0);

/** Passes bytes unparsed; the stream ends with its connection. */
const unread: StreamObserver = {
  read: (chunk) => chunk,
  rest: () => NOTHING,
  outcome: (): StreamOutcome => ({ end: 'finished' }),
  usage: () => undefined,
  generated: () => 0,
  reportedError: () => undefined,
  unfinished: () => 0,
};

/** Reads an answer of a passthrough route, of any length. */
export const otherAnswer: AnswerReader = {
  unread: true,
  stream: (contentType) => ({ observer: unread, contentType, unread: true }),
  whole: (head: WholeReply) => head,
  refusal: (head: WholeReply) => head,
};
