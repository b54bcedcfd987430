import { azureDeployments } from './azure-deployments.ts';
import { bedrock } from './bedrock.ts';
import { bedrockClaude } from './bedrock-claude.ts';
import type { Endpoint } from './endpoint.ts';
import { plain } from './plain.ts';
import { vertexClaude } from './vertex-claude.ts';

export const ENDPOINTS = {
  plain,
  'azure-deployments': azureDeployments,
  'vertex-claude': vertexClaude,
  bedrock,
  'bedrock-claude': bedrockClaude,
} as const satisfies Readonly<Record<string, Endpoint>>;

export type EndpointName = keyof typeof ENDPOINTS;
