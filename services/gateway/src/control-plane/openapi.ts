import { cachePaths } from './openapi/cache-paths.ts';
import { json, refusals } from './openapi/parts.ts';
import { reportPaths } from './openapi/report-paths.ts';
import { resourcePaths } from './openapi/resource-paths.ts';
import { configurationSchema, providersSchema } from './schemas/report-schemas.ts';

/**
 * The admin API as an OpenAPI 3.1 document. Requests are generated from the schemas that validate them, and responses from the
 * schemas with which the command `sluice` parses them.
 */
export const openApiDocument = {
  openapi: '3.1.0',
  info: { title: 'Sluice admin API', version: '1' },
  security: [{ adminKey: [] }],
  components: { securitySchemes: { adminKey: { type: 'http', scheme: 'bearer' } } },
  paths: {
    ...reportPaths,
    ...resourcePaths,
    ...cachePaths,
    '/admin/v1/providers': {
      get: {
        summary: 'Lists providers with their targets, model names and statistics',
        responses: { 200: json('The providers', providersSchema), ...refusals() },
      },
    },
    '/admin/v1/config': {
      get: {
        summary: 'Returns the configuration in use, with masked secrets',
        responses: { 200: json('The configuration', configurationSchema), ...refusals() },
      },
    },
    '/admin/v1/openapi.json': {
      get: { summary: 'Returns this document', responses: { 200: json('The document'), ...refusals() } },
    },
  },
};
