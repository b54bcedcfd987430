import { adminSchemas } from '../schemas/admin-schemas.ts';
import { teamSchemas, tenantSchemas } from '../schemas/group-schemas.ts';
import { keySchemas } from '../schemas/key-schemas.ts';
import { type ResourceSchemas, withArticle } from '../schemas/resource-schemas.ts';
import { bodyOf, done, ifMatch, inPath, json, queryOf, refusals, versioned } from './parts.ts';

const pathOf = ({ plural }: ResourceSchemas): string => `/admin/v1/${plural}`;

/** Returns the paths to list, create, read, change and delete records of a kind. */
function recordPaths(schemas: ResourceSchemas, { created, deleted }: { readonly created: string; readonly deleted: string }) {
  const { title, record } = schemas;
  return {
    [pathOf(schemas)]: {
      get: {
        summary: `Lists ${title}s by name`,
        ...queryOf(schemas.query),
        responses: { 200: json('A page', schemas.page), ...refusals(400) },
      },
      post: {
        summary: `Creates ${withArticle(title)}`,
        ...bodyOf(schemas.create),
        responses: { 201: versioned(created, record), ...refusals(400, 409) },
      },
    },
    [`${pathOf(schemas)}/{name}`]: {
      parameters: inPath('name'),
      get: { summary: `Returns one ${title}`, responses: { 200: versioned(`The ${title}`, record), ...refusals(404) } },
      patch: {
        summary: 'Changes the given fields; null removes a field',
        ...ifMatch,
        ...bodyOf(schemas.patch),
        responses: { 200: versioned('The updated record', record), ...refusals(400, 404, 409, 412) },
      },
      delete: { summary: deleted, ...ifMatch, responses: { ...done('Deleted'), ...refusals(404, 409, 412) } },
    },
  };
}

/** Returns an action on a record. */
const action = (schemas: ResourceSchemas, verb: string, summary: string, body: object = {}) => ({
  [`${pathOf(schemas)}/{name}/${verb}`]: {
    parameters: inPath('name'),
    post: {
      summary,
      ...ifMatch,
      ...body,
      responses: { 200: versioned('The updated record', schemas.record), ...refusals(400, 404, 409, 412) },
    },
  },
});

const groupPaths = (schemas: ResourceSchemas) => ({
  ...recordPaths(schemas, { created: 'The created record', deleted: `Deletes a ${schemas.title} without keys` }),
  ...action(schemas, 'block', 'Refuses all of its keys until it is unblocked'),
  ...action(schemas, 'unblock', 'Accepts its keys again'),
});

/** The paths of keys, teams, tenants and administrators. */
export const resourcePaths = {
  ...recordPaths(keySchemas, { created: 'The key with its secret', deleted: 'Revokes a key on all replicas' }),
  ...action(keySchemas, 'block', 'Refuses a key until it is unblocked'),
  ...action(keySchemas, 'unblock', 'Accepts a blocked key again'),
  ...action(
    keySchemas,
    'rotate',
    'Replaces the secret of a key; only the response contains it. The old secret stays valid for `grace`',
    bodyOf(keySchemas.rotation, false),
  ),
  ...groupPaths(teamSchemas),
  ...groupPaths(tenantSchemas),
  '/admin/v1/admins/me': {
    get: {
      summary: 'Returns the administrator of the key',
      responses: { 200: json('The administrator', adminSchemas.record), ...refusals() },
    },
  },
  ...recordPaths(adminSchemas, { created: 'The administrator with its key', deleted: 'Deletes an administrator' }),
  ...action(adminSchemas, 'rotate', 'Replaces the key of an administrator at once'),
};
