import { describe, expect, it } from '@jest/globals';
import { BaseAddress } from '../connections/base-address.ts';
import { sessionAddress } from './session-address.ts';

const OPENAI = { api: 'openai', headers: [] } as const;
const GEMINI = { api: 'gemini', headers: [], version: 'v1alpha' } as const;

describe('sessionAddress', () => {
  it.each([
    ['OpenAI', 'https://api.openai.com/v1', 'openai', OPENAI, '/v1/realtime?model=a%20b%2Fc', ''],
    ['a query of the address', 'https://x.example/v1?tenant=1', 'x', OPENAI, '/v1/realtime?model=a%20b%2Fc&tenant=1', ''],
    [
      'a transcription',
      'https://x.example/v1',
      'openai',
      { ...OPENAI, intent: 'transcription' } as const,
      '/v1/realtime?intent=transcription',
      '',
    ],
    ['Azure', 'https://r.openai.azure.com/openai/v1', 'azure', OPENAI, '/openai/v1/realtime?model=a%20b%2Fc', ''],
    [
      ...(["Azure's older API", 'https://r.openai.azure.com/openai', 'azure-deployments', OPENAI] as const),
      ...(['/openai/realtime?api-version=2025-04-01-preview&deployment=a%20b%2Fc', ''] as const),
    ],
    [
      ...(['Google', 'https://generativelanguage.googleapis.com/v1beta', 'google', GEMINI] as const),
      ...(['/ws/google.ai.generativelanguage.v1alpha.GenerativeService.BidiGenerateContent', 'models/'] as const),
    ],
    [
      ...([
        'Google Cloud',
        'https://l-aiplatform.googleapis.com/v1/projects/p/locations/l/publishers/google',
        'vertex',
        GEMINI,
      ] as const),
      ...([
        '/ws/google.cloud.aiplatform.v1.LlmBidiService/BidiGenerateContent',
        'projects/p/locations/l/publishers/google/models/',
      ] as const),
    ],
  ])('addresses %s', (_what, base, kind, request, path, modelPrefix) => {
    expect(sessionAddress(new BaseAddress(base), kind, 'a b/c', request, undefined)).toEqual({ path, modelPrefix });
  });
});
