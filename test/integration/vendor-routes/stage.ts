import Anthropic from '@anthropic-ai/sdk';
import type { Gateway } from '@sluice/gateway';
import OpenAI from 'openai';
import { type ScriptedUpstream, startScriptedUpstream, whole } from '../../support/scripted-upstream.ts';
import { startGateway } from '../../support/start-gateway.ts';

export const KEY = 'key-of-the-vendors';
export const VENDORS = ['openai', 'second', 'anthropic', 'google', 'mistral', 'cohere'] as const;
export type Vendor = (typeof VENDORS)[number];

/** A gateway with one provider per vendor, and two accounts of OpenAI. */
export class Stage {
  readonly #upstreams: ReadonlyMap<Vendor, ScriptedUpstream>;
  readonly gateway: Gateway;

  constructor(gateway: Gateway, upstreams: ReadonlyMap<Vendor, ScriptedUpstream>) {
    this.gateway = gateway;
    this.#upstreams = upstreams;
  }

  up(vendor: Vendor): ScriptedUpstream {
    return this.#upstreams.get(vendor) as ScriptedUpstream;
  }

  /** Forgets the recorded requests, and lets each provider respond with an empty list. */
  reset(): void {
    for (const upstream of this.#upstreams.values()) {
      upstream.forget();
      upstream.answer(whole('{"object":"list","data":[]}'));
    }
  }

  /** Returns the vendor of each request that reached a provider. */
  reached(): string[] {
    return [...this.#upstreams].flatMap(([vendor, { requests }]) => requests.map(() => vendor));
  }

  openai(suffix = ''): OpenAI {
    return new OpenAI({ baseURL: `${this.gateway.url}/v1`, apiKey: KEY + suffix, maxRetries: 0 });
  }

  anthropic(suffix = ''): Anthropic {
    return new Anthropic({ baseURL: this.gateway.url, apiKey: KEY + suffix, maxRetries: 0 });
  }

  async send(method: string, path: string, body?: object, headers: Record<string, string> = {}) {
    const response = await fetch(this.gateway.url + path, {
      method,
      headers: {
        ...(headers['x-goog-api-key'] === undefined ? { authorization: `Bearer ${KEY}` } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, text, headers: response.headers };
  }

  async stop(): Promise<void> {
    await this.gateway.close(0);
    await Promise.all([...this.#upstreams.values()].map((upstream) => upstream.close()));
  }
}

export async function startStage(): Promise<Stage> {
  const upstreams = new Map<Vendor, ScriptedUpstream>();
  const up = (vendor: Vendor): ScriptedUpstream => upstreams.get(vendor) as ScriptedUpstream;
  for (const vendor of VENDORS) upstreams.set(vendor, await startScriptedUpstream());
  const base = (vendor: Vendor) => ({ baseUrl: up(vendor).baseUrl, apiKey: `sk-of-${vendor}` });
  const gateway = await startGateway({
    config: {
      providers: {
        // speaks OpenAI's dialect, but is not OpenAI
        mistral: base('mistral'),
        second: { type: 'openai', ...base('second'), routes: ['audio', 'videos', 'fine_tuning'] },
        openai: { ...base('openai'), routes: ['images', 'audio', 'files', 'batches', 'uploads', 'vector_stores', 'fine_tuning'] },
        anthropic: base('anthropic'),
        google: base('google'),
        cohere: base('cohere'),
      },
      models: {
        scribe: { targets: [{ provider: 'second', model: 'whisper-1' }] },
        tuned: {
          targets: [
            { provider: 'second', model: 'gpt-of-the-second' },
            { provider: 'openai', model: 'gpt-4o-mini' },
          ],
        },
        claude: { targets: [{ provider: 'anthropic', model: 'claude-haiku-4-5' }] },
        'team/flash': { targets: [{ provider: 'google', model: 'gemini-2.5-flash' }] },
        ranked: { targets: [{ provider: 'cohere', model: 'rerank-v3.5' }] },
      },
      keys: [
        { name: 'one', secret: KEY, tenant: 'one', routes: ['/*'] },
        { name: 'two', secret: `${KEY}-two`, tenant: 'two', routes: ['/*'] },
        { name: 'some', secret: `${KEY}-some`, models: ['scribe'], routes: ['/*'] },
        { name: 'unnamed', secret: `${KEY}-unnamed` },
        { name: 'paid', secret: `${KEY}-paid`, routes: ['/*'], budget: '5 USD' },
      ],
      resilience: { retries: { max: 0 } },
    },
  });
  return new Stage(gateway, upstreams);
}
