/** How long the start of a process may take, in milliseconds: a machine with other work on it takes a minute for what takes an idle one a second. */
export const START_TIMEOUT_MS = 90_000;

/** Waits until `condition` holds, looking again and again; fails after `timeoutMs` with what was waited for. */
export async function waitFor(condition: () => boolean | Promise<boolean>, what: string, timeoutMs = 15_000): Promise<void> {
  const until = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > until) throw new Error(`waited ${timeoutMs} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Waits until a value is what is expected. The error has the last value. */
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
