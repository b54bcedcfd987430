import { describe, expect, it } from '@jest/globals';
import { type LlmCall, newCallContext } from './call.ts';
import { compose, composeLayers } from './compose.ts';
import type { LlmProxy, LlmService } from './llm-service.ts';
import type { LlmReply } from './reply.ts';
import { inOneRoundTrip, type StoreStage } from './round-trip.ts';

const newCall = () => ({ context: newCallContext() }) as LlmCall;
const call = newCall();
const whole: LlmReply = { status: 200, contentType: 'application/json', headers: {}, body: new Uint8Array(0) };

describe('inOneRoundTrip', () => {
  it('completes each of several calls with its own response of the store', async () => {
    const store: StoreStage = {
      ask(of) {
        const response = Promise.resolve(of);
        return {
          async complete(current, next) {
            expect(await response).toBe(current);
            return next.complete(current);
          },
        };
      },
    };
    const service = compose([inOneRoundTrip([store, store])], { complete: async () => whole });
    const replies = await Promise.all([service.complete(newCall()), service.complete(newCall())]);
    expect(replies).toEqual([whole, whole]);
    expect.assertions(5);
  });

  it('asks the store for all stages in one turn, and then completes them from the outermost to the innermost', async () => {
    const events: string[] = [];
    const stage = (name: string): StoreStage => ({
      ask() {
        events.push(`ask ${name}`);
        const response = Promise.resolve();
        return {
          async complete(of, next) {
            await response;
            events.push(`complete ${name}`);
            return next.complete(of);
          },
        };
      },
    });
    const proxy: LlmProxy = (next) => ({
      complete(of) {
        events.push('proxy');
        return next.complete(of);
      },
    });
    const service = compose([inOneRoundTrip([stage('limits'), proxy, stage('cache')])], {
      async complete() {
        events.push('provider');
        return whole;
      },
    });
    const replying = service.complete(call);
    expect(events).toEqual(['ask limits', 'ask cache']);
    expect(await replying).toBe(whole);
    expect(events.slice(2)).toEqual(['complete limits', 'proxy', 'complete cache', 'provider']);
  });
});

describe('composeLayers', () => {
  const pass: LlmProxy = (next) => next;
  const service: LlmService = { complete: async () => whole };

  it('refuses a layer that is not inside a layer it depends on, with a message that names both', () => {
    const layers = [
      { name: 'limits', inside: ['authentication'], proxy: pass },
      { name: 'authentication', proxy: pass },
    ];
    expect(() => composeLayers(layers, service)).toThrow(
      "The layer 'limits' must be inside the layer 'authentication': move it down in the list.",
    );
    expect(() => composeLayers([...layers].reverse(), service)).not.toThrow();
  });

  it('accepts a layer whose outer layer is switched off', () => {
    expect(() => composeLayers([{ name: 'limits', inside: ['audit'], proxy: pass }], service)).not.toThrow();
  });
});
