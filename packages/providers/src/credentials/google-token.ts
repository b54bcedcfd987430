import { readFileSync } from 'node:fs';
import { errorTexts, LlmError } from '@sluice/core';
import { isObject, parseJson } from '@sluice/dialects';
import type { Credentials } from './credentials.ts';

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';

/** What a service account's file has. */
export interface ServiceAccount {
  readonly email: string;
  readonly key: string;
  readonly keyId: string | undefined;
}

export interface GoogleTokenOptions {
  readonly provider: string;
  /** Whatever the machine has (`GOOGLE_APPLICATION_CREDENTIALS`, a workload's identity, …) if not given. */
  readonly account?: ServiceAccount;
}

/**
 * Google's short-lived tokens. A service account signs its own, which needs no trip; for others Google's library fetches one when it is first
 * needed and when the last is about to expire.
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
        // the next call tries again
        client = undefined;
        throw new LlmError('upstream_error', errorTexts.noAccessToken(provider), { cause });
      }
    },
  };
}

async function open(account: ServiceAccount | undefined) {
  // loaded when it is needed: most gateways have no such provider
  const { GoogleAuth, JWT } = await import('google-auth-library');
  const scopes = [SCOPE];
  const client =
    account === undefined
      ? await new GoogleAuth({ scopes }).getClient()
      : new JWT({
          email: account.email,
          key: account.key,
          scopes,
          ...(account.keyId === undefined ? {} : { keyId: account.keyId }),
        });
  if (client instanceof JWT) client.useJWTAccessWithScope = true;
  return client;
}

/** @throws Error that names the invalid part of the file without its content */
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
