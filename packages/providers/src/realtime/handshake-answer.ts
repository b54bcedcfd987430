import { errorTexts } from '@sluice/core';
import type { AnswerReader } from '../answers/answer-reader.ts';
import { noAnswer, ownRefusal } from '../answers/answer-reader.ts';

/** Reads an HTTP answer to a WebSocket handshake. A success without a WebSocket is an error. */
export const HANDSHAKE_ANSWER: AnswerReader = {
  stream: () => undefined,
  whole() {
    throw noAnswer(errorTexts.sessionNotOpened);
  },
  refusal: ownRefusal,
};
