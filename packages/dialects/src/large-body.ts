/**
 * Up to this size, all processing of a body takes less than 50 ms in total, whatever its structure (request-shapes.test.ts).
 */
const LARGE_BYTES = 128 * 1024;

/** Returns whether the processing of a body is divided between turns of the event loop. */
export const isLarge = (bytes: Uint8Array): boolean => bytes.length > LARGE_BYTES;
