import type { DialectName, RealtimeApi } from '@sluice/core';
import { servedTarget } from '../path-aliases.ts';
import { canonicalTarget } from '../request-path.ts';

/** A route for realtime sessions. */
export interface SessionRoute {
  readonly api: RealtimeApi;
  /** Dialect of the error responses. */
  readonly dialect: DialectName;
  /** The route as docs/api.md writes it: a metric label, and the name in a key's `routes`. */
  readonly label: string;
  readonly pattern: RegExp;
  /** Path in the table of routes. */
  readonly path: string;
}

/** Google Cloud's clients (`vertexai=True`) send the same messages to their own path. */
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

/** Returns the version of Gemini's API in a path. */
export const versionIn = (path: string): string | undefined => LIVE.exec(path)?.[1];

/** Returns whether a request's target is a route for sessions, in any spelling that clients use. */
export function isSessionTarget(target: string): boolean {
  try {
    const path = servedTarget(canonicalTarget(ownTarget(target))).split('?', 1)[0] ?? '';
    return SESSION_ROUTES.some(({ pattern }) => pattern.test(path));
  } catch {
    return false;
  }
}

/** Removes the second slash that Google's SDK for JavaScript writes after the host. */
export const ownTarget = (target: string): string => (target.startsWith('//ws/') ? target.slice(1) : target);
