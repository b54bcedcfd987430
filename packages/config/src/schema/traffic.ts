import { z } from 'zod';
import { byteSize, durationMs } from '../units.ts';
import { name } from './names.ts';

/** The provider per API for requests without a model and a provider: uploads, lists, … */
export const passThrough = z
  .strictObject({
    openai: name.optional(),
    anthropic: name.optional(),
    gemini: name.optional(),
    rerank: name.optional(),
  })
  .default({});

export const streams = z
  .strictObject({
    /** Silence after which a comment is sent, so that no proxy closes the connection. */
    heartbeat: durationMs.default(15_000),
    /**
     * Time after which the response to a stream begins even without an answer, with headers and heartbeats. Never by default.
     */
    headersAfter: durationMs.optional(),
    /** A client that reads nothing for this time is disconnected. */
    stalled: durationMs.default(60_000),
  })
  .default({ heartbeat: 15_000, stalled: 60_000 });

/** Sessions of OpenAI's Realtime API and Gemini's Live API, over WebSockets. */
export const realtime = z
  .strictObject({
    enabled: z.boolean().default(true),
    /** Sessions at one time at each replica; further ones are refused with 503. */
    maxSessions: z.number().int().positive().max(100_000).default(1_000),
    /** A client's longer message ends its session (1009). */
    maxMessage: byteSize.default(16_777_216),
    /** Deadline for the first message, if it contains the model. */
    setupTimeout: durationMs.default(10_000),
    /** A session without a message in either direction for this time is closed. */
    idleTimeout: durationMs.default(600_000),
    /** The longest session. */
    maxDuration: durationMs.default(7_200_000),
    /** The interval of pings to both peers. A peer that does not respond until the next ping is disconnected. */
    ping: durationMs.default(30_000),
  })
  .default({
    ...{ enabled: true, maxSessions: 1_000, maxMessage: 16_777_216, setupTimeout: 10_000 },
    ...{ idleTimeout: 600_000, maxDuration: 7_200_000, ping: 30_000 },
  });

export const requestLimits = z
  .strictObject({
    /** A longer request is refused. */
    body: byteSize.default(10_485_760),
    /** A request is refused if its body is not complete after this time. */
    bodyTimeout: durationMs.default(30_000),
    /** Longest wait of a call for a budget that calls in flight have reserved; 0 refuses it at once. */
    wait: durationMs.default(2_000),
    /** The reservation for an answer: its maximum, or its likely length, to which the answer is then bounded. */
    reserve: z.enum(['full', 'adaptive']).default('full'),
    /**
     * Calls per second of one caller at one replica from which the replica reserves for many of its calls at once; 0 for one
     * reservation per call.
     */
    leaseAbove: z.number().int().nonnegative().max(1_000_000).default(200),
    /** Bytes of all unfinished bodies of the process; by default an eighth of its memory (container limit or machine). */
    unfinishedBodies: byteSize.optional(),
    /** Bytes of all Buffers of the process beyond which new calls are refused; by default half of its memory. */
    buffers: byteSize.optional(),
    /** Connections to the data plane at one time; further ones are closed. */
    connections: z.number().int().positive().max(1_000_000).default(10_000),
  })
  .default({ body: 10_485_760, bodyTimeout: 30_000, wait: 2_000, reserve: 'full', leaseAbove: 200, connections: 10_000 });
