import type { RealtimeRequest } from '@sluice/core';
import type { BaseAddress } from '../connections/base-address.ts';

/** Where a session of a model is asked for, and what the provider has in front of the model's name. */
export interface SessionAddress {
  /** With its query. */
  readonly path: string;
  readonly modelPrefix: string;
}

/** The last version of Azure's older API with sessions; no released version has them. */
const AZURE_VERSION = '2025-04-01-preview';

/** How sessions are addressed, by the name of the provider's kind in the catalog. */
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
  // OpenAI refuses a model in the address of a session that transcribes
  const query = request.intent === undefined ? `model=${name}` : `intent=${request.intent}`;
  return { path: base.pathOf(`/realtime?${query}`), modelPrefix: '' };
}

/** Google's sessions are beside the API's version, not below it. */
function ofGemini(base: BaseAddress, version: string): SessionAddress {
  const beside = base.path.replace(/\/v\d\w*$/, '');
  return {
    path: withPath(base, `${beside}/ws/google.ai.generativelanguage.${version}.GenerativeService.BidiGenerateContent`),
    modelPrefix: 'models/',
  };
}

/** A model's name at Google Cloud has its project and location, which the base address has too. */
function ofVertex(base: BaseAddress): SessionAddress {
  const [, beside = '', version = 'v1', owner = ''] = /^(.*)\/(v\d\w*)\/(.+)$/.exec(base.path) ?? [];
  return {
    path: withPath(base, `${beside}/ws/google.cloud.aiplatform.${version}.LlmBidiService/BidiGenerateContent`),
    modelPrefix: `${owner}/models/`,
  };
}

const withPath = (base: BaseAddress, path: string): string => path + base.pathOf('').slice(base.path.length);
