import { feature, type OtherRoute } from './other-route.ts';

const account = { account: true };

/** Routes of Gemini's API that are forwarded to a provider that has them. Source: Google's API description, v1beta. */
export const GEMINI_OTHER_ROUTES: readonly OtherRoute[] = [
  ...feature('gemini', 'files', account, [
    'GET /v1beta/files',
    'POST /v1beta/files',
    'POST /upload/v1beta/files',
    'PUT /upload/v1beta/files',
    'GET /v1beta/files/{id}',
    'DELETE /v1beta/files/{id}',
    'GET /v1beta/files/{id}:download',
  ]),
  ...feature('gemini', 'cached_contents', account, [
    'GET /v1beta/cachedContents',
    '$POST /v1beta/cachedContents',
    'GET /v1beta/cachedContents/{id}',
    'PATCH /v1beta/cachedContents/{id}',
    'DELETE /v1beta/cachedContents/{id}',
  ]),
  ...feature('gemini', 'batches', account, [
    '$POST /v1beta/models/{model}:batchGenerateContent',
    '$POST /v1beta/models/{model}:asyncBatchEmbedContent',
    'GET /v1beta/batches',
    'GET /v1beta/batches/{id}',
    'DELETE /v1beta/batches/{id}',
    'POST /v1beta/batches/{id}:cancel',
  ]),
];
