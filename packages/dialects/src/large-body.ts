/** Up to this size all work on a body together takes less than 50 ms, whatever its structure (request-shapes.test.ts). */
const LARGE_BYTES = 128 * 1024;

/** Whether the work on a body is to be divided between turns of the event loop. */
export const isLarge = (bytes: Uint8Array): boolean => bytes.length > LARGE_BYTES;
