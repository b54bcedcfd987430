import { LlmError, ReplyStream, type StreamOutcome } from '@sluice/core';

/** Bytes that all clients may be behind the provider before it is paused. */
const HIGH_WATER_BYTES = 256 * 1024;

/** One client of a shared stream. */
interface Reader {
  readonly stream: ReplyStream;
  readonly isLeader: boolean;
  /** Number of the next chunk. */
  next: number;
  isFlowing: boolean;
  hasLeft: boolean;
}

/**
 * A provider's stream with several readers, each with its own back-pressure. A reader that joins later receives what was sent
 * before, then the rest.
 *
 * The fastest reader sets the pace. A follower that is too far behind is cut off, and the provider waits for a leader that is too
 * far behind. The provider's response is cancelled when the last reader has left. Until then, a leader that has left waits for the
 * end of the response, because it pays for it.
 */
export class SharedStream {
  readonly #source: ReplyStream;
  readonly #maxBytes: number;
  #readers: Reader[] = [];
  /** The chunks from number `#first` on. */
  #chunks: Uint8Array[] = [];
  #first = 0;
  #bytes = 0;
  #ended: StreamOutcome | undefined;
  #isCancelled = false;

  /** @param maxBytes the maximum length of what is kept for readers that are behind, or that join later */
  constructor(source: ReplyStream, maxBytes: number) {
    this.#source = source;
    this.#maxBytes = maxBytes;
  }

  /** Starts the flow. Returns the stream of the leader. */
  lead(): ReplyStream {
    const leader = this.#join(true);
    this.#source.onEnd((outcome) => this.#end(outcome));
    this.#source.consume({ chunk: (bytes) => this.#take(bytes), end() {} });
    return leader;
  }

  /** Returns the stream for another reader. Undefined if its beginning is no longer kept, or if it has failed or is cancelled. */
  follow(): ReplyStream | undefined {
    if (this.#first > 0 || this.#isCancelled || (this.#ended !== undefined && this.#ended.end !== 'finished')) return undefined;
    return this.#join(false);
  }

  #join(isLeader: boolean): ReplyStream {
    const reader: Reader = {
      stream: new ReplyStream({
        pause: () => {
          reader.isFlowing = false;
        },
        resume: () => {
          reader.isFlowing = true;
          this.#send(reader);
          this.#resumeSource();
        },
        cancel: () => this.#leave(reader),
        progress: () => this.#source.progress(),
      }),
      isLeader,
      next: 0,
      isFlowing: true,
      hasLeft: false,
    };
    this.#readers.push(reader);
    this.#send(reader);
    return reader.stream;
  }

  /** Takes a chunk of the provider. Returns false to pause it. */
  #take(bytes: Uint8Array): boolean {
    this.#chunks.push(bytes);
    this.#bytes += bytes.length;
    for (const reader of [...this.#readers]) this.#send(reader);
    this.#trim();
    return !this.#mustWait();
  }

  /** Passes to a reader what it has not received. */
  #send(reader: Reader): void {
    while (reader.isFlowing && !reader.hasLeft) {
      const bytes = this.#chunks[reader.next - this.#first];
      if (bytes === undefined) {
        if (this.#ended !== undefined) reader.stream.finish(this.#ended);
        return;
      }
      reader.next++;
      reader.stream.push(bytes);
    }
  }

  /** Keeps the length within its bound: drops what all readers have received, then cuts off readers that are too far behind. */
  #trim(): void {
    if (this.#bytes <= this.#maxBytes) return;
    this.#drop();
    for (const reader of [...this.#readers]) {
      if (this.#bytes <= this.#maxBytes) return;
      if (reader === this.#oldest() || reader.next === this.#nextChunk) continue;
      this.#readers = this.#readers.filter((other) => other !== reader);
      reader.hasLeft = true;
      reader.stream.finish({ end: 'failed', error: tooSlow() });
      this.#drop();
    }
  }

  #drop(): void {
    const oldest = Math.min(this.#nextChunk, ...this.#readers.filter(({ hasLeft }) => !hasLeft).map(({ next }) => next));
    for (const bytes of this.#chunks.splice(0, oldest - this.#first)) this.#bytes -= bytes.length;
    this.#first = oldest;
  }

  /** Number of the next chunk of the provider. */
  get #nextChunk(): number {
    return this.#first + this.#chunks.length;
  }

  /** The leader, or the first of the others after it has left: it is never cut off. */
  #oldest(): Reader | undefined {
    return this.#readers.find(({ hasLeft }) => !hasLeft);
  }

  /** Whether all readers are behind, or the oldest one is further behind than what is kept. */
  #mustWait(): boolean {
    const oldest = this.#oldest();
    if (oldest === undefined) return false;
    const most = Math.min(HIGH_WATER_BYTES, this.#maxBytes / 2);
    const isEachBehind = this.#readers.every((reader) => reader.hasLeft || this.#behind(reader) > most);
    return isEachBehind || this.#behind(oldest) > this.#maxBytes;
  }

  /** Returns the bytes that a reader has not received. */
  #behind({ next }: Reader): number {
    let bytes = 0;
    for (let n = next - this.#first; n < this.#chunks.length; n++) bytes += this.#chunks[n]?.length ?? 0;
    return bytes;
  }

  #resumeSource(): void {
    if (this.#ended === undefined && !this.#mustWait()) this.#source.resume();
  }

  #leave(reader: Reader): ReturnType<ConstructorParameters<typeof ReplyStream>[0]['cancel']> {
    reader.hasLeft = true;
    // a leader is told of the end, because its account is settled then
    if (!reader.isLeader) this.#readers = this.#readers.filter((other) => other !== reader);
    if (this.#oldest() === undefined) {
      this.#isCancelled = true;
      this.#source.cancel();
    } else this.#resumeSource();
    if (!reader.isLeader) return undefined;
    return this.#ended === undefined ? 'draining' : { usage: this.#ended.usage, generated: this.#ended.generated };
  }

  #end(outcome: StreamOutcome): void {
    this.#ended = outcome;
    for (const reader of [...this.#readers]) {
      if (reader.hasLeft) reader.stream.finish(outcome);
      else this.#send(reader);
    }
  }
}

const tooSlow = (): LlmError =>
  new LlmError(
    'upstream_truncated',
    'This client read too slowly for a response that it shares with other calls. Repeat the call.',
  );
