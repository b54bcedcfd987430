import type { ConfigFile } from '@sluice/config';
import { waitFor } from '@sluice/core/testing';
import type { Gateway } from '@sluice/gateway';
import { type RunningSimulator, startSimulator } from '@sluice/simulator';
import { ADMIN_KEY } from './gateway-process.ts';
import { startGateway } from './start-gateway.ts';

export type SessionRecord = Readonly<Record<string, unknown>>;

/** A gateway in front of a simulator of OpenAI and Google. */
export interface RealtimeStage {
  readonly simulator: RunningSimulator;
  readonly gateway: Gateway;
  /** Waits for the record of a call. */
  recordOf(requestId: string): Promise<SessionRecord>;
  /** Returns the value of a metric, summed over all its labels. */
  figure(name: string): Promise<number>;
  close(): Promise<void>;
}

export async function startRealtimeStage(config: ConfigFile): Promise<RealtimeStage> {
  const simulator = await startSimulator({ models: {} });
  const gateway = await startGateway({
    config: {
      providers: {
        openai: { baseUrl: `${simulator.url}/v1`, apiKey: 'sk-of-the-provider' },
        google: { baseUrl: `${simulator.url}/v1beta`, apiKey: 'google-key' },
      },
      resilience: { retries: { max: 0 } },
      ...config,
    },
  });
  return {
    simulator,
    gateway,
    async recordOf(requestId) {
      let found: SessionRecord | undefined;
      await waitFor(async () => {
        const answer = await fetch(`${gateway.adminUrl}/admin/v1/audit?limit=100`, {
          headers: { authorization: `Bearer ${ADMIN_KEY}` },
        });
        const { records } = (await answer.json()) as { records: SessionRecord[] };
        found = records.find((record) => record['requestId'] === requestId);
        return found !== undefined;
      }, `the record of ${requestId}`);
      return found as SessionRecord;
    },
    async figure(name) {
      const text = await (
        await fetch(`${gateway.adminUrl}/metrics`, { headers: { authorization: `Bearer ${ADMIN_KEY}` } })
      ).text();
      return text
        .split('\n')
        .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
        .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
    },
    async close() {
      await gateway.close(0);
      await simulator.close();
    },
  };
}
