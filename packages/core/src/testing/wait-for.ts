/**
 * Maximum time for the start of a process, in milliseconds: a start that takes a second on an idle machine takes up to a minute on a
 * busy machine.
 */
export const START_TIMEOUT_MS = 90_000;

/** Polls until `condition` holds. Fails after `timeoutMs` with the description. */
export async function waitFor(condition: () => boolean | Promise<boolean>, what: string, timeoutMs = 15_000): Promise<void> {
  const until = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > until) throw new Error(`waited ${timeoutMs} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Waits until a value equals the expected value. The error has the last value. */
export async function waitForValue<T>(value: () => Promise<T>, expected: T, what: string, timeoutMs = 15_000): Promise<void> {
  let last: T | undefined;
  const isThere = async () => {
    last = await value();
    return last === expected;
  };
  await waitFor(isThere, what, timeoutMs).catch((error: Error) => {
    throw new Error(`${error.message}: expected ${String(expected)}, and the last value was ${String(last)}`);
  });
}
