import { readFileSync } from 'node:fs';
import { defined, errorTexts, LlmError } from '@sluice/core';
import { isObject, parseJson } from '@sluice/dialects';
import type { Credentials } from './credentials.ts';

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';

/** The used fields of a service account file. */
export interface ServiceAccount {
  readonly email: string;
  readonly key: string;
  readonly keyId: string | undefined;
}

export interface GoogleTokenOptions {
  readonly provider: string;
  /** The identity of the machine (`GOOGLE_APPLICATION_CREDENTIALS`, a workload's identity, …) if not given. */
  readonly account?: ServiceAccount;
}

/**
 * Authenticates with Google's short-lived tokens. A service account signs its own tokens, without a round trip. For other
 * identities Google's library fetches a token on first use, and again before it expires.
 */
export function googleToken({ provider, account }: GoogleTokenOptions): Credentials {
  let client: ReturnType<typeof open> | undefined;
  return {
    async headers({ origin }) {
      client ??= open(account);
      try {
        const headers = await (await client).getRequestHeaders(origin);
        return [...headers].flat();
      } catch (cause) {
        // the next call opens a client again
        client = undefined;
        throw new LlmError('upstream_error', errorTexts.noAccessToken(provider), { cause });
      }
    },
  };
}

async function open(account: ServiceAccount | undefined) {
  // loaded on demand: most gateways have no such provider
  const { GoogleAuth, JWT } = await import('google-auth-library');
  const scopes = [SCOPE];
  const client =
    account === undefined
      ? await new GoogleAuth({ scopes }).getClient()
      : new JWT({
          email: account.email,
          key: account.key,
          scopes,
          ...defined({ keyId: account.keyId }),
        });
  if (client instanceof JWT) client.useJWTAccessWithScope = true;
  return client;
}

/** Reads a service account file. @throws Error that names the invalid part of the file without its content */
export function readServiceAccount(file: string): ServiceAccount {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown reason'})`);
  }
  const value = parseJson(text);
  const { type, client_email: email, private_key: key, private_key_id: keyId } = isObject(value) ? value : {};
  if (type !== 'service_account' || typeof email !== 'string' || typeof key !== 'string') {
    throw new Error('expected the JSON file of a service account');
  }
  return { email, key, keyId: typeof keyId === 'string' ? keyId : undefined };
}
