import { USAGE_AMOUNTS } from '@sluice/store/ports';
import { z } from 'zod';
import { auditQuery } from './audit.ts';
import { newKey, rotation } from './keys.ts';
import { usageQuery } from './usage.ts';

const error = {
  description: 'A refusal',
  content: {
    'application/json': {
      schema: {
        type: 'object',
        required: ['error'],
        properties: {
          error: {
            type: 'object',
            required: ['code', 'message'],
            properties: { code: { type: 'string' }, message: { type: 'string' } },
          },
        },
      },
    },
  },
};

const json = (description: string, schema: object = {}) => ({ description, content: { 'application/json': { schema } } });
const refusals = { 401: error, 429: error, 503: error };
const count = { type: 'integer' };
const amount = { type: 'number' };

const key = {
  type: 'object',
  required: ['name', 'tenant', 'limits', 'createdAtMs'],
  properties: {
    name: { type: 'string' },
    tenant: { type: 'string' },
    team: { type: 'string' },
    models: { type: 'array', items: { type: 'string' } },
    limits: { type: 'object' },
    createdAtMs: count,
    expiresAtMs: count,
    revokedAtMs: count,
    rotatedAtMs: count,
  },
};

const stats = {
  type: 'object',
  properties: {
    totalRequests: count,
    cacheHitRate: amount,
    cacheHits: count,
    authenticationFailures: count,
    costUsd: amount,
    costSavedUsd: amount,
    status: { enum: ['healthy', 'low_cache_efficiency'] },
    providers: {
      type: 'object',
      additionalProperties: {
        type: 'object',
        properties: { calls: count, share: amount, errors: count, inputTokens: count, outputTokens: count, costUsd: amount },
      },
    },
  },
};

const figures = {
  type: 'object',
  properties: {
    ...Object.fromEntries(
      USAGE_AMOUNTS.filter((name) => !['cost', 'saved', 'latencyMs'].includes(name)).map((name) => [name, count]),
    ),
    costUsd: amount,
    savedUsd: amount,
    averageLatencyMs: count,
  },
};

const records = {
  type: 'object',
  properties: { records: { type: 'array', items: { type: 'object' } }, next: { type: 'string' } },
};

const usage = {
  type: 'object',
  properties: {
    from: { type: 'string', format: 'date' },
    to: { type: 'string', format: 'date' },
    by: { type: 'array', items: { type: 'string' } },
    rows: { type: 'array', items: figures },
    count,
    nextOffset: count,
    total: figures,
  },
};

const bodyOf = (schema: z.ZodType) => ({
  content: { 'application/json': { schema: z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) } },
});

/** The parameters that a schema checks. */
const queryOf = (schema: z.ZodObject) =>
  Object.entries(z.toJSONSchema(schema, { io: 'input' }).properties ?? {}).map(([name, part]) => ({
    name,
    in: 'query',
    schema: part,
  }));

/** The admin API as an OpenAPI 3.1 document; what a key is made of comes from the schema that checks it. */
export const openApiDocument = {
  openapi: '3.1.0',
  info: { title: 'Sluice admin API', version: '1' },
  security: [{ adminKey: [] }],
  components: { securitySchemes: { adminKey: { type: 'http', scheme: 'bearer' } } },
  paths: {
    '/admin/v1/stats': {
      get: { summary: "The dashboard's figures, over all replicas", responses: { 200: json('The figures', stats), ...refusals } },
    },
    '/admin/v1/audit': {
      get: {
        summary: 'The audit records, newest first, or those that are looked for; `next` is the cursor of the next older part',
        parameters: queryOf(auditQuery),
        responses: { 200: json('The records', records), 400: error, ...refusals },
      },
    },
    '/admin/v1/usage': {
      get: {
        summary: 'What was used and what it cost, a row a combination of `by` (day, month, tenant, team, key, provider, model)',
        parameters: queryOf(usageQuery),
        responses: {
          200: {
            description: 'The rows, their count and the total of all',
            content: { 'application/json': { schema: usage }, 'text/csv': { schema: { type: 'string' } } },
          },
          400: error,
          ...refusals,
        },
      },
    },
    '/admin/v1/keys': {
      get: {
        summary: 'All keys, revoked ones included; no secrets',
        responses: {
          200: json('The keys', { type: 'object', properties: { keys: { type: 'array', items: key } } }),
          ...refusals,
        },
      },
      post: {
        summary: 'Makes a key; its secret is in the answer and nowhere else',
        requestBody: { required: true, ...bodyOf(newKey) },
        responses: { 201: json('The key with its secret', key), 400: error, 409: error, ...refusals },
      },
    },
    '/admin/v1/keys/{name}': {
      get: {
        summary: 'A key, and what of its budget is spent and reserved now',
        parameters: [{ name: 'name', in: 'path', required: true, schema: { type: 'string' } }],
        responses: { 200: json('The key', key), 404: error, ...refusals },
      },
      delete: {
        summary: 'Revokes a key on all replicas',
        parameters: [{ name: 'name', in: 'path', required: true, schema: { type: 'string' } }],
        responses: { 204: { description: 'It is revoked' }, 404: error, ...refusals },
      },
    },
    '/admin/v1/keys/{name}/rotate': {
      post: {
        summary: 'Gives a key another secret, which is in the answer and nowhere else; the old one goes on for `grace`',
        parameters: [{ name: 'name', in: 'path', required: true, schema: { type: 'string' } }],
        requestBody: bodyOf(rotation),
        responses: { 200: json('The key with its secret', key), 400: error, 404: error, 409: error, ...refusals },
      },
    },
    '/admin/v1/teams': {
      get: {
        summary: "The configuration's teams, with what of their budgets is spent",
        responses: { 200: json('The teams'), ...refusals },
      },
    },
    '/admin/v1/tenants': {
      get: {
        summary: "The configuration's tenants, with what of their budgets is spent",
        responses: { 200: json('The tenants'), ...refusals },
      },
    },
    '/admin/v1/openapi.json': { get: { summary: 'This document', responses: { 200: json('The document'), ...refusals } } },
  },
};
