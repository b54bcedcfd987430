import type { DialectName, RealtimeApi } from '@sluice/core';
import { servedTarget } from '../path-aliases.ts';
import { canonicalTarget } from '../request-path.ts';

/** A route whose requests ask for a session. */
export interface SessionRoute {
  readonly api: RealtimeApi;
  /** Of its errors. */
  readonly dialect: DialectName;
  /** As the contract writes it: a label, and what a key's `routes` name. */
  readonly label: string;
  readonly pattern: RegExp;
  /** For the table of routes. */
  readonly path: string;
}

/** Google Cloud's clients (`vertexai=True`) have an address of their own for the same messages. */
const LIVE =
  /^\/ws\/google\.(?:ai\.generativelanguage\.(v\d\w*)\.GenerativeService\.|cloud\.aiplatform\.v\d\w*\.LlmBidiService\/)BidiGenerateContent$/;

export const SESSION_ROUTES: readonly SessionRoute[] = [
  {
    api: 'openai',
    dialect: 'openai-chat',
    label: 'GET /v1/realtime',
    path: '/v1/realtime',
    pattern: /^\/v1\/realtime$/,
  },
  {
    api: 'gemini',
    dialect: 'gemini',
    label: 'GET /ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent',
    path: '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent',
    pattern: LIVE,
  },
];

/** Returns the version of Gemini's API that an address names. */
export const versionIn = (path: string): string | undefined => LIVE.exec(path)?.[1];

/** Whether a request's target is a route of sessions, in whatever form its clients write it. */
export function isSessionTarget(target: string): boolean {
  try {
    const path = servedTarget(canonicalTarget(ownTarget(target))).split('?', 1)[0] ?? '';
    return SESSION_ROUTES.some(({ pattern }) => pattern.test(path));
  } catch {
    return false;
  }
}

/** Google's SDK for JavaScript writes two slashes after the host. */
export const ownTarget = (target: string): string => (target.startsWith('//ws/') ? target.slice(1) : target);
