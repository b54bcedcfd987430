import { feature, type OtherRoute } from './other-route.ts';

const account = { account: true };

/** Routes of Anthropic's API that are forwarded to a provider that has them. Source: Anthropic's API reference. */
export const ANTHROPIC_ROUTES: readonly OtherRoute[] = [
  ...feature('anthropic', 'files', account, [
    'GET /v1/files',
    'POST /v1/files',
    'GET /v1/files/{id}',
    'DELETE /v1/files/{id}',
    'GET /v1/files/{id}/content',
  ]),
  ...feature('anthropic', 'batches', account, [
    'GET /v1/messages/batches',
    '$POST /v1/messages/batches',
    'GET /v1/messages/batches/{id}',
    'DELETE /v1/messages/batches/{id}',
    'POST /v1/messages/batches/{id}/cancel',
    'GET /v1/messages/batches/{id}/results',
  ]),
];
