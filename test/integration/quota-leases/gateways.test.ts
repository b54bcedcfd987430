import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/core/testing';
import { ask, askAdmin, chat } from '../../support/ask.ts';
import { ADMIN_KEY } from '../../support/gateway-process.ts';
import { type Replicas, startGateway } from '../../support/start-gateway.ts';

const CALLS = 600;
const AT_ONCE = 16;

interface BudgetNow {
  readonly spentUsd: number;
  readonly reservedUsd: number;
}

describe('a busy key at two gateways', () => {
  let replicas: Replicas;
  beforeAll(async () => {
    replicas = await startGateway({
      replicas: 2,
      config: (baseUrl) => ({
        providers: { up: { baseUrl } },
        models: { plain: { targets: [{ provider: 'up', model: 'plain', price: { input: 1, output: 2 } }] } },
        limits: { leaseAbove: 1 },
        keys: [
          {
            ...{ name: 'busy', secret: 'key-busy', budget: '1000 USD/day' },
            limits: { requests: '1000000/min', tokens: '1000000000/min', concurrent: 100_000 },
          },
        ],
      }),
    });
  });
  afterAll(() => replicas.stop());

  it('charges exactly what the responses cost, and holds nothing afterwards', async () => {
    let left = CALLS;
    let nanos = 0;
    const worker = async (n: number): Promise<void> => {
      while (left-- > 0) {
        const answer = await ask(replicas.gateways[n % 2]?.url as string, chat('plain', `call ${left}`), { key: 'key-busy' });
        expect(answer.status).toBe(200);
        nanos += Math.round(Number(answer.headers.get('x-sluice-cost-usd')) * 1e9);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, (_, n) => worker(n)));
    const adminUrl = replicas.gateways[0]?.adminUrl as string;
    const budgetNow = async (): Promise<BudgetNow> =>
      (await askAdmin(adminUrl, ADMIN_KEY, 'GET', '/keys/busy')).json['spending'] as BudgetNow;
    await waitFor(async () => (await budgetNow()).reservedUsd === 0, 'all reservations to return');
    expect(Math.round((await budgetNow()).spentUsd * 1e9)).toBe(nanos);
    // one reservation per call without leases
    const texts = await Promise.all(replicas.gateways.map(async (one) => (await fetch(`${one.adminUrl}/metrics`)).text()));
    const reservations = texts.map((text) => /_count\{operation="reserve"\} (\d+)/.exec(text)?.[1] ?? Number.NaN);
    expect(Number(reservations[0]) + Number(reservations[1])).toBeLessThan(CALLS / 2);
  });
});
