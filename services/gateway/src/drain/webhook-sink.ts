import { createHmac } from 'node:crypto';
import type { GatewayConfig } from '@sluice/config';
import type { StoredRecord } from '@sluice/store/ports';
import { type DrainSink, linesOf } from './drain-sink.ts';

type WebhookConfig = NonNullable<GatewayConfig['audit']['drain']['webhook']>;

/** Posts records as JSON lines. The receiver responds with 2xx once it has stored them; any other response is retried. */
export class WebhookSink implements DrainSink {
  readonly #config: WebhookConfig;

  constructor(config: WebhookConfig) {
    this.#config = config;
  }

  async write(records: readonly StoredRecord[]): Promise<void> {
    const { url, headers, secret, timeout } = this.#config;
    const body = linesOf(records);
    const signature = secret === undefined ? undefined : createHmac('sha256', secret).update(body).digest('hex');
    const response = await fetch(url, {
      method: 'POST',
      // records must not be sent to the target of a redirect
      redirect: 'error',
      signal: AbortSignal.timeout(timeout),
      headers: {
        ...headers,
        'content-type': 'application/x-ndjson',
        ...(signature === undefined ? {} : { 'x-sluice-signature': `sha256=${signature}` }),
      },
      body,
    });
    // the body is irrelevant, but the connection is reusable only after it was read
    await response.body?.cancel();
    if (!response.ok) throw new Error(`the webhook responded with ${response.status}`);
  }

  async close(): Promise<void> {}
}
