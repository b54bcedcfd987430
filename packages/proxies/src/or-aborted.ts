import { asLlmError, type CallSignal } from '@sluice/core';

/** Waits for a promise, but not longer than the signal. @throws LlmError the reason of the signal */
export async function orAborted<T>(promise: Promise<T>, signal: CallSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(asLlmError(signal.reason));
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
