import { createHmac } from 'node:crypto';
import type { GatewayConfig } from '@sluice/config';
import type { KeptRecord } from '@sluice/store/ports';
import { type DrainSink, linesOf } from './drain-sink.ts';

type WebhookConfig = NonNullable<GatewayConfig['audit']['drain']['webhook']>;

/** Posts records as lines of JSON. Whoever takes them answers 2xx when they are safe; anything else is tried again. */
export class WebhookSink implements DrainSink {
  readonly #config: WebhookConfig;

  constructor(config: WebhookConfig) {
    this.#config = config;
  }

  async write(records: readonly KeptRecord[]): Promise<void> {
    const { url, headers, secret, timeout } = this.#config;
    const body = linesOf(records);
    const signature = secret === undefined ? undefined : createHmac('sha256', secret).update(body).digest('hex');
    const response = await fetch(url, {
      method: 'POST',
      // what is meant for one address is not for where that sends it
      redirect: 'error',
      signal: AbortSignal.timeout(timeout),
      headers: {
        ...headers,
        'content-type': 'application/x-ndjson',
        ...(signature === undefined ? {} : { 'x-sluice-signature': `sha256=${signature}` }),
      },
      body,
    });
    // what it says is nobody's business, but a connection is free only when it was read
    await response.body?.cancel();
    if (!response.ok) throw new Error(`the webhook answered ${response.status}`);
  }

  async close(): Promise<void> {}
}
