import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { STRICT_MODEL_NAMES, type StrictStage, startStrictStage } from '../../support/strict-models.ts';
import type { Ask, MatrixClient } from './client.ts';
import { DroppedFields, dropsReasoning } from './dropped-fields.ts';
import { Outcomes, reasoningOutcome } from './outcomes.ts';
import { checkSection } from './page.ts';
import { canAskToReason, converse } from './plan.ts';

const KEY = 'key-of-the-matrix';

/** Declares the tests of some clients against a strict model of each family, and compares the outcomes with docs/compatibility.md. */
export function describeClients(clients: readonly MatrixClient[]): void {
  let stage: StrictStage;
  const dropped = new DroppedFields();
  beforeAll(async () => {
    dropped.start();
    stage = await startStrictStage(KEY, { script: true });
  });
  afterAll(async () => {
    dropped.stop();
    await stage.close();
  });

  describe.each(clients)('$name', (client) => {
    const outcomes = new Outcomes();

    describe.each(STRICT_MODEL_NAMES)('with %s', (model) => {
      const ask = (streamed: boolean, reasoning = false): Ask => ({
        url: stage.gateway.url,
        key: KEY,
        model,
        streamed,
        reasoning,
      });

      it.each([false, true])('runs tool loops with parallel calls (streamed: %s)', async (streamed) => {
        await converse(client, ask(streamed), stage);
        outcomes.record(model, 'tools', 'yes');
      });

      it.each([false, true])('runs tool loops with reasoning (streamed: %s)', async (streamed) => {
        const reasoning = canAskToReason(client, model);
        dropped.take();
        const seen = await converse(client, ask(streamed, reasoning), stage);
        const answers = dropped.take().map(dropsReasoning);
        outcomes.record(model, 'reasoning and tools', reasoning ? reasoningOutcome(seen, answers) : '–');
      });

      it.each([false, true])('returns an object for a schema (streamed: %s)', async (streamed) => {
        stage.simulator.journal.clear();
        const found = await client.structured(ask(streamed));
        const sent = stage.simulator.journal.entries.at(-1)?.body ?? '';
        // the simulator follows a schema, not its description in a sentence
        const byJsonMode = sent.includes('"json_object"') && sent.includes('place');
        expect(found).toEqual(byJsonMode ? { answer: expect.any(String) as unknown } : { place: 'simulated' });
        outcomes.record(model, 'structured output', byJsonMode ? 'JSON mode' : 'yes');
      });

      it.each([false, true])('accepts an image (streamed: %s)', async (streamed) => {
        expect(await client.image(ask(streamed))).toBe('Simulated answer to: Look. [image: image/png, 70 bytes]');
        outcomes.record(model, 'images', 'yes');
      });
    });

    it('documents its outcomes in docs/compatibility.md; WRITE_PAGES=1 writes them', () => {
      checkSection(client, outcomes);
    });
  });
}
