import type { Clock, MeterState } from '@sluice/core';
import type { HeldPlace, Hold, Meters, ReservationRequest, ReservationResult } from '../ports/index.ts';
import type { RedisClient } from './connections.ts';
import type { Wait } from './deadline.ts';
import { gatherWrites } from './gather-writes.ts';
import type { KeyLayout } from './key-layout.ts';
import { Script } from './script.ts';

/** How long a call id is remembered: far longer than a command may wait for its answer. */
const CALL_ID_TTL_MS = 10_000;

const RESERVE = new Script('reserve');
const RELEASE = new Script('release');
const RENEW = new Script('renew');

export interface RedisMetersOptions {
  readonly state: RedisClient;
  readonly background: RedisClient;
  readonly layout: KeyLayout;
  readonly wait: Wait;
  /** Instead of Redis' own clock, for tests alone. */
  readonly clock?: Clock;
}

/** Meters shared by all replicas: one script, one trip. */
export class RedisMeters implements Meters {
  readonly #options: RedisMetersOptions;

  constructor(options: RedisMetersOptions) {
    this.#options = options;
  }

  async reserve(request: ReservationRequest): Promise<ReservationResult> {
    const { state, layout, wait } = this.#options;
    const keys = [layout.call(request.tenant, request.callId)];
    const args: (string | number)[] = [request.callId, this.#now(), CALL_ID_TTL_MS];
    for (const hold of request.holds) {
      if (hold.kind === 'window') {
        keys.push(layout.window(request.tenant, request.subject, hold.meter, hold.windowMs));
        args.push('w', hold.limit, hold.windowMs, hold.amount);
      } else {
        keys.push(layout.places(request.tenant, request.subject, hold.meter));
        args.push('c', hold.limit, hold.leaseMs, 1);
      }
    }
    gatherWrites(state);
    const answer = (await wait('reserve', RESERVE.run(state, keys, args))) as number[];
    return read(answer, request.holds);
  }

  async release(places: readonly HeldPlace[]): Promise<void> {
    const { background, layout } = this.#options;
    const runs = [...byTenant(places)].map(([tenant, held]) => {
      const keys = held.flatMap((place) => [
        layout.places(tenant, place.subject, place.meter),
        layout.call(tenant, place.callId),
      ]);
      return RELEASE.run(background, keys, [CALL_ID_TTL_MS, ...held.map((place) => place.callId)]);
    });
    await Promise.all(runs);
  }

  async renew(places: readonly HeldPlace[]): Promise<void> {
    const { background, layout } = this.#options;
    const runs = [...byTenant(places)].map(([tenant, held]) => {
      const keys = held.map((place) => layout.places(tenant, place.subject, place.meter));
      return RENEW.run(background, keys, [this.#now(), ...held.flatMap((place) => [place.callId, place.leaseMs])]);
    });
    await Promise.all(runs);
  }

  /** Empty: the script asks Redis. */
  #now(): number | '' {
    const { clock } = this.#options;
    return clock === undefined ? '' : clock.now() * 1_000;
  }
}

function read(answer: readonly number[], holds: readonly Hold[]): ReservationResult {
  const [admitted, full = 0, retryAfterMs = 0] = answer;
  const meters = holds.map((hold, n): MeterState => {
    return { meter: hold.meter, limit: hold.limit, remaining: answer[3 + n * 2] ?? 0, resetMs: answer[4 + n * 2] ?? 0 };
  });
  if (admitted === 1) return { admitted: true, meters };
  return { admitted: false, meter: holds[full - 1]?.meter ?? 'released', retryAfterMs, meters };
}

function byTenant(places: readonly HeldPlace[]): Map<string, HeldPlace[]> {
  const groups = new Map<string, HeldPlace[]>();
  for (const place of places) {
    const group = groups.get(place.tenant);
    if (group === undefined) groups.set(place.tenant, [place]);
    else group.push(place);
  }
  return groups;
}
