import { USAGE_AMOUNTS } from '@sluice/store/ports';
import { z } from 'zod';
import { adminPatch, newAdmin } from './admins.ts';
import { auditQuery } from './audit.ts';
import { cacheClearing, cacheEntryQuery, cacheQuery } from './cache.ts';
import { changesQuery } from './changes.ts';
import { groupPatch, groupsQuery, newTeam, newTenant } from './groups.ts';
import { KEY_STATES, keyPatch, keysQuery, newKey, rotation } from './keys.ts';
import { usageQuery } from './usage.ts';

const count = { type: 'integer' };
const amount = { type: 'number' };
const text = { type: 'string' };
const texts = { type: 'array', items: text };
const facts = { type: 'object', additionalProperties: text };
const listOf = (items: object) => ({ type: 'array', items });
const part = (name: string, items: object) => ({ type: 'object', properties: { [name]: listOf(items), next: text } });

const problem = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail', 'code'],
  properties: { type: text, title: text, status: count, detail: text, code: text, field: text },
};
const error = { description: 'An error', content: { 'application/problem+json': { schema: problem } } };

const spending = {
  type: 'object',
  properties: {
    period: text,
    soft: { type: 'boolean' },
    limitUsd: amount,
    spentUsd: amount,
    reservedUsd: amount,
    leasedUsd: amount,
  },
};

/** Limits and budget in their written format. */
const limited = {
  limits: { type: 'object' },
  budget: { oneOf: [text, texts] },
  spending: { oneOf: [spending, listOf(spending)] },
};

const key = {
  type: 'object',
  required: ['name', 'tenant', 'limits', 'status'],
  properties: {
    name: text,
    tenant: text,
    team: text,
    status: { enum: KEY_STATES },
    models: texts,
    routes: texts,
    allowedIps: texts,
    ...limited,
    users: { type: 'object' },
    tags: facts,
    metadata: facts,
    configured: { type: 'boolean' },
    createdAtMs: count,
    expiresAtMs: count,
    blockedAtMs: count,
    revokedAtMs: count,
    rotatedAtMs: count,
    secret: { type: 'string', description: 'Only in the response that creates it' },
    oldUntilMs: count,
  },
};

const group = {
  type: 'object',
  required: ['name', 'limits', 'status'],
  properties: {
    name: text,
    tenant: text,
    status: { enum: ['active', 'blocked'] },
    ...limited,
    metadata: facts,
    configured: { type: 'boolean' },
    blockedAtMs: count,
  },
};

const admin = {
  type: 'object',
  required: ['name', 'role'],
  properties: {
    name: text,
    role: text,
    tenant: text,
    team: text,
    createdAtMs: count,
    configured: { type: 'boolean' },
    secret: { type: 'string', description: 'Only in the response that creates it' },
  },
};

const providerFigures = { calls: count, share: amount, errors: count, inputTokens: count, outputTokens: count, costUsd: amount };

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
    providers: { type: 'object', additionalProperties: { type: 'object', properties: providerFigures } },
  },
};

const target = {
  type: 'object',
  properties: {
    target: text,
    model: text,
    models: texts,
    priced: { type: 'boolean' },
    latencyMs: { type: ['number', 'null'] },
    inFlight: count,
    state: { enum: ['ready', 'due', 'open', 'cooling'] },
  },
};

const provider = {
  type: 'object',
  properties: { name: text, routes: texts, targets: listOf(target), ...providerFigures },
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

const usage = {
  type: 'object',
  properties: {
    from: { type: 'string', format: 'date' },
    to: { type: 'string', format: 'date' },
    by: texts,
    rows: listOf(figures),
    count,
    nextOffset: count,
    total: figures,
  },
};

const cacheEntry = {
  type: 'object',
  properties: {
    key: text,
    tenant: text,
    namespace: text,
    model: text,
    provider: text,
    providerModel: text,
    contentType: text,
    streamed: { type: 'boolean' },
    usage: { type: 'object' },
    savesUsd: amount,
    storedAtMs: count,
    expiresAtMs: count,
    bytes: count,
  },
};

const json = (description: string, schema: object = {}) => ({ description, content: { 'application/json': { schema } } });
const done = (description: string) => ({ 204: { description } });
const version = { ETag: { description: "The record's version", schema: text } };
const versioned = (description: string, schema: object) => ({ ...json(description, schema), headers: version });

const bodyOf = (schema: z.ZodType, required = true) => ({
  requestBody: {
    required,
    content: { 'application/json': { schema: z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) } },
  },
});

/** Returns the query parameters of a schema. */
const queryOf = (schema: z.ZodObject) => ({
  parameters: Object.entries(z.toJSONSchema(schema, { io: 'input' }).properties ?? {}).map(([name, part]) => ({
    name,
    in: 'query',
    schema: part,
  })),
});

const inPath = (name: string) => [{ name, in: 'path', required: true, schema: text }];
/** `If-Match` restricts a change to one version of the record. */
const ifMatch = {
  parameters: [{ name: 'If-Match', in: 'header', schema: text, description: 'Version that the change applies to' }],
};

const refusals = (...statuses: readonly number[]) =>
  Object.fromEntries([401, 403, 429, 503, ...statuses].map((status) => [status, error]));

/** Returns the routes for one kind of record. */
function recordRoutes(
  path: string,
  what: string,
  schemas: {
    record: object;
    list: object;
    query?: z.ZodObject;
    create: z.ZodType;
    patch: z.ZodType;
    created: string;
    deleted: string;
  },
) {
  const { record } = schemas;
  return {
    [path]: {
      get: {
        summary: `Lists ${what}s by name`,
        ...(schemas.query === undefined ? {} : queryOf(schemas.query)),
        responses: { 200: json('A page', schemas.list), ...refusals(400) },
      },
      post: {
        summary: `Creates ${/^[aeiou]/.test(what) ? 'an' : 'a'} ${what}`,
        ...bodyOf(schemas.create),
        responses: { 201: versioned(schemas.created, record), ...refusals(400, 409) },
      },
    },
    [`${path}/{name}`]: {
      parameters: inPath('name'),
      get: { summary: `Returns one ${what}`, responses: { 200: versioned(`The ${what}`, record), ...refusals(404) } },
      patch: {
        summary: `Changes the given fields; null removes a field`,
        ...ifMatch,
        ...bodyOf(schemas.patch),
        responses: { 200: versioned('The updated record', record), ...refusals(400, 404, 409, 412) },
      },
      delete: { summary: schemas.deleted, ...ifMatch, responses: { ...done('Deleted'), ...refusals(404, 409, 412) } },
    },
  };
}

const action = (path: string, verb: string, summary: string, record: object, body: object = {}) => ({
  [`${path}/{name}/${verb}`]: {
    parameters: inPath('name'),
    post: {
      summary,
      ...ifMatch,
      ...body,
      responses: { 200: versioned('The updated record', record), ...refusals(400, 404, 409, 412) },
    },
  },
});

const groupPaths = (kind: 'team' | 'tenant') => ({
  ...recordRoutes(`/admin/v1/${kind}s`, kind, {
    record: group,
    list: part(`${kind}s`, group),
    query: groupsQuery,
    create: kind === 'team' ? newTeam : newTenant,
    patch: groupPatch,
    created: 'The created record',
    deleted: `Deletes a ${kind} without keys`,
  }),
  ...action(`/admin/v1/${kind}s`, 'block', 'Refuses all of its keys until it is unblocked', group),
  ...action(`/admin/v1/${kind}s`, 'unblock', 'Accepts its keys again', group),
});

const { shape: auditShape } = auditQuery;

/** The admin API as an OpenAPI 3.1 document. Request formats are generated from the schemas that validate them. */
export const openApiDocument = {
  openapi: '3.1.0',
  info: { title: 'Sluice admin API', version: '1' },
  security: [{ adminKey: [] }],
  components: { securitySchemes: { adminKey: { type: 'http', scheme: 'bearer' } } },
  paths: {
    '/admin/v1/stats': {
      get: {
        summary: "Returns the dashboard's statistics, over all replicas",
        responses: { 200: json('The statistics', stats), ...refusals() },
      },
    },
    '/admin/v1/audit': {
      get: {
        summary: 'Returns matching audit records, newest first; with `after` the records after that one, oldest first',
        ...queryOf(z.strictObject(auditShape)),
        responses: { 200: json('The records', { ...part('records', { type: 'object' }) }), ...refusals(400) },
      },
    },
    '/admin/v1/changes': {
      get: {
        summary: 'Returns changes by administrators, newest first, with the state before and after',
        ...queryOf(changesQuery),
        responses: { 200: json('The changes', part('changes', { type: 'object' })), ...refusals(400) },
      },
    },
    '/admin/v1/usage': {
      get: {
        summary:
          'Returns usage and cost, one row per combination of `by` (hour, day, month, tenant, team, key, user, tag, provider, model)',
        ...queryOf(usageQuery),
        responses: {
          200: {
            description: 'The rows, their count and the total',
            content: { 'application/json': { schema: usage }, 'text/csv': { schema: text } },
          },
          ...refusals(400),
        },
      },
    },
    ...recordRoutes('/admin/v1/keys', 'key', {
      record: key,
      list: part('keys', key),
      query: keysQuery,
      create: newKey,
      patch: keyPatch,
      created: 'The key with its secret',
      deleted: 'Revokes a key on all replicas',
    }),
    ...action('/admin/v1/keys', 'block', 'Refuses a key until it is unblocked', key),
    ...action('/admin/v1/keys', 'unblock', 'Accepts a blocked key again', key),
    ...action(
      '/admin/v1/keys',
      'rotate',
      'Replaces the secret of a key; only the response contains it. The old secret stays valid for `grace`',
      key,
      bodyOf(rotation, false),
    ),
    ...groupPaths('team'),
    ...groupPaths('tenant'),
    '/admin/v1/admins/me': {
      get: {
        summary: 'Returns the administrator of the key',
        responses: { 200: json('The administrator', admin), ...refusals() },
      },
    },
    ...recordRoutes('/admin/v1/admins', 'administrator', {
      record: admin,
      list: { type: 'object', properties: { admins: listOf(admin) } },
      create: newAdmin,
      patch: adminPatch,
      created: 'The administrator with its key',
      deleted: 'Deletes an administrator',
    }),
    ...action('/admin/v1/admins', 'rotate', 'Replaces the key of an administrator at once', admin),
    '/admin/v1/cache': {
      get: {
        summary: 'Lists cache entries, without the responses themselves',
        ...queryOf(cacheQuery),
        responses: {
          200: json('Some of the entries', { type: 'object', properties: { total: count, entries: listOf(cacheEntry) } }),
          ...refusals(400),
        },
      },
      delete: {
        summary: 'Removes the cache entries of a tenant, a namespace or a model; or all',
        ...queryOf(cacheClearing),
        responses: {
          200: json('The number of removed entries', { type: 'object', properties: { removed: count } }),
          ...refusals(400),
        },
      },
    },
    '/admin/v1/cache/{key}': {
      parameters: inPath('key'),
      get: {
        summary: 'Returns one entry, by the `x-sluice-cache-key` of a response',
        ...queryOf(cacheEntryQuery),
        responses: { 200: json('The entry', cacheEntry), ...refusals(400, 404) },
      },
      delete: {
        summary: 'Removes one entry',
        ...queryOf(cacheEntryQuery),
        responses: { ...done('Deleted'), ...refusals(400, 404) },
      },
    },
    '/admin/v1/providers': {
      get: {
        summary: 'Lists providers with their targets, model names and statistics',
        responses: { 200: json('The providers', { type: 'object', properties: { providers: listOf(provider) } }), ...refusals() },
      },
    },
    '/admin/v1/config': {
      get: {
        summary: 'Returns the configuration in use, with masked secrets',
        responses: {
          200: json('The configuration', {
            type: 'object',
            properties: {
              file: { type: ['string', 'null'] },
              fingerprint: { type: ['string', 'null'] },
              takenAt: { type: 'string', format: 'date-time' },
              refused: { type: ['string', 'null'] },
              restartRequired: { type: 'array', items: { type: 'string' } },
              config: { type: 'object' },
            },
          }),
          ...refusals(),
        },
      },
    },
    '/admin/v1/openapi.json': {
      get: { summary: 'Returns this document', responses: { 200: json('The document'), ...refusals() } },
    },
  },
};
