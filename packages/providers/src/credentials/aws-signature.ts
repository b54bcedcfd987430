import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import { errorTexts, LlmError } from '@sluice/core';
import type { AwsCredentialIdentity, Checksum, SourceData } from '@smithy/types';
import type { Credentials, UnsignedRequest } from './credentials.ts';

export interface AwsSignatureOptions {
  readonly provider: string;
  readonly region: string;
  readonly service: string;
  /** The identity of the machine (environment, profile, role of the container or instance, …) if not given. */
  readonly identity?: { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string };
}

const bytesOf = (data: SourceData): Uint8Array | string => {
  if (typeof data === 'string') return data;
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return new Uint8Array(data);
};

/** SHA-256 by Node's crypto, with the interface of the signing package. */
class Sha256 implements Checksum {
  #hash: Hash | Hmac;
  readonly #secret: SourceData | undefined;

  constructor(secret?: SourceData) {
    this.#secret = secret;
    this.#hash = this.#begin();
  }

  update(data: Uint8Array): void {
    this.#hash.update(bytesOf(data));
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }

  reset(): void {
    this.#hash = this.#begin();
  }

  #begin(): Hash | Hmac {
    return this.#secret === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(this.#secret));
  }
}

/** Signs each request with AWS Signature Version 4. */
export function awsSignature(options: AwsSignatureOptions): Credentials {
  let signer: ReturnType<typeof open> | undefined;
  return {
    async headers(request) {
      signer ??= open(options);
      try {
        return await (await signer)(request);
      } catch (cause) {
        signer = undefined;
        throw new LlmError('upstream_error', errorTexts.noSigningCredentials(options.provider), { cause });
      }
    },
  };
}

async function open({ region, service, identity }: AwsSignatureOptions) {
  // loaded on demand: most gateways have no such provider
  const { SignatureV4 } = await import('@smithy/signature-v4');
  const credentials: AwsCredentialIdentity | (() => Promise<AwsCredentialIdentity>) = identity ?? (await machineIdentity());
  const signature = new SignatureV4({ credentials, region, service, sha256: Sha256 });
  return async ({ method, origin, path, body }: UnsignedRequest): Promise<string[]> => {
    const url = new URL(path, origin);
    const { headers } = await signature.sign({
      method,
      protocol: url.protocol,
      hostname: url.hostname,
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      headers: { host: url.host, 'content-type': 'application/json' },
      body,
    });
    return Object.entries(headers).flatMap(([name, value]) => (name === 'host' || name === 'content-type' ? [] : [name, value]));
  };
}

/** Returns AWS' default credential chain. It caches credentials until they expire. */
async function machineIdentity(): Promise<() => Promise<AwsCredentialIdentity>> {
  const { defaultProvider } = await import('@aws-sdk/credential-provider-node');
  return defaultProvider();
}
