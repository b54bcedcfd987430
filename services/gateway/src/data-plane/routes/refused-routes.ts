import type { Api } from './other-route.ts';

/** Routes of a vendor's current API that are not served. */
export interface RefusedRoutes {
  readonly api: Api;
  /** Paths; a path that ends in `*` covers everything below it. */
  readonly paths: readonly string[];
  /** Alternative for the client. */
  readonly instead: string;
}

const directly = 'Call the provider directly.';

export const REFUSED_ROUTES: readonly RefusedRoutes[] = [
  {
    api: 'openai',
    paths: ['/v1/assistants*', '/v1/threads*'],
    instead: 'The Assistants API is not served. Use POST /v1/responses.',
  },
  {
    api: 'openai',
    paths: ['/v1/realtime/client_secrets', '/v1/realtime/sessions', '/v1/realtime/transcription_sessions'],
    instead:
      "A provider's client secret would let a client bypass this gateway. Connect to GET /v1/realtime with a key of this gateway: in a browser, as the sub-protocol openai-insecure-api-key.KEY.",
  },
  {
    api: 'openai',
    paths: ['/v1/realtime/calls*', '/v1/realtime/translations*'],
    instead: 'Realtime sessions over WebRTC and SIP are not served. Use a WebSocket at GET /v1/realtime.',
  },
  {
    api: 'openai',
    paths: ['/v1/chat/completions/{id}', '/v1/chat/completions/{id}/messages'],
    instead: 'Stored chat completions are not served. Store the responses of POST /v1/chat/completions yourself.',
  },
  {
    api: 'openai',
    paths: ['/v1/audio/voices*', '/v1/audio/voice_consents*', '/v1/chatkit*', '/v1/skills*', '/v1/content_provenance_checks*'],
    instead: directly,
  },
  {
    api: 'openai',
    paths: ['/v1/fine_tuning/checkpoints*', '/v1/fine_tuning/alpha*', '/v1/organization*', '/v1/projects*'],
    instead: `Administration of a provider's account is not served. ${directly}`,
  },
  {
    api: 'anthropic',
    paths: ['/v1/complete'],
    instead: 'Text completions are not served. Use POST /v1/messages.',
  },
  {
    api: 'anthropic',
    paths: ['/v1/skills*', '/v1/agents*', '/v1/sessions*', '/v1/environments*', '/v1/memory_stores*', '/v1/vaults*'],
    instead: directly,
  },
  {
    api: 'anthropic',
    paths: ['/v1/organizations*', '/v1/oauth*'],
    instead: `Administration of a provider's account is not served. ${directly}`,
  },
  {
    api: 'gemini',
    paths: [
      ...[
        '/v1beta/tunedModels*',
        '/v1beta/corpora*',
        '/v1beta/fileSearchStores*',
        '/v1beta/operations*',
        '/v1beta/interactions*',
      ],
      ...['/v1beta/generatedFiles*', '/v1beta/auth_tokens*', '/v1beta/dynamic*', '/upload/v1beta/fileSearchStores*'],
    ],
    instead: directly,
  },
  {
    api: 'gemini',
    paths: [
      ...['/v1beta/models/{model}:predict', '/v1beta/models/{model}:predictLongRunning', '/v1beta/models/{model}:computeTokens'],
      ...['/v1beta/models/{model}:generateAnswer', '/v1beta/models/{model}/operations*'],
    ],
    instead: `Use :generateContent, :countTokens or :embedContent; other actions of a model are not served. ${directly}`,
  },
];
