import type { RealtimeRequest } from '@sluice/core';
import type { BaseAddress } from '../connections/base-address.ts';

/** The address of a session, and the provider's prefix of the model's name. */
export interface SessionAddress {
  /** With its query. */
  readonly path: string;
  readonly modelPrefix: string;
}

/** The last version of Azure's older API. Only preview versions have sessions. */
const AZURE_VERSION = '2025-04-01-preview';

/** Returns the address of a session. @param kind name of the provider in the catalog */
export function sessionAddress(
  base: BaseAddress,
  kind: string,
  model: string,
  request: RealtimeRequest,
  apiVersion: string | undefined,
): SessionAddress {
  if (request.api === 'gemini') return kind === 'vertex' ? ofVertex(base) : ofGemini(base, request.version ?? 'v1beta');
  const name = encodeURIComponent(model);
  if (kind === 'azure-deployments') {
    const version = encodeURIComponent(apiVersion ?? AZURE_VERSION);
    const named = request.intent === undefined ? `&deployment=${name}` : `&intent=${request.intent}&deployment=${name}`;
    return { path: base.pathOf(`/realtime?api-version=${version}${named}`), modelPrefix: '' };
  }
  // OpenAI refuses a model in the address of a transcription session
  const query = request.intent === undefined ? `model=${name}` : `intent=${request.intent}`;
  return { path: base.pathOf(`/realtime?${query}`), modelPrefix: '' };
}

/** Google's sessions are beside the API's version path, not below it. */
function ofGemini(base: BaseAddress, version: string): SessionAddress {
  const beside = base.path.replace(/\/v\d\w*$/, '');
  return {
    path: withPath(base, `${beside}/ws/google.ai.generativelanguage.${version}.GenerativeService.BidiGenerateContent`),
    modelPrefix: 'models/',
  };
}

/** Returns the address at Google Cloud. The model's name includes the project and location of the base address. */
function ofVertex(base: BaseAddress): SessionAddress {
  const [, beside = '', version = 'v1', owner = ''] = /^(.*)\/(v\d\w*)\/(.+)$/.exec(base.path) ?? [];
  return {
    path: withPath(base, `${beside}/ws/google.cloud.aiplatform.${version}.LlmBidiService/BidiGenerateContent`),
    modelPrefix: `${owner}/models/`,
  };
}

const withPath = (base: BaseAddress, path: string): string => path + base.pathOf('').slice(base.path.length);
