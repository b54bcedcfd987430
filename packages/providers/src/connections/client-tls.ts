import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { defined } from '@sluice/core';

/** Files in PEM form. */
export interface TlsFiles {
  /** Accepted certificate authorities; those of Node.js if not given. */
  readonly ca?: string | undefined;
  /** The client certificate with its chain, and its key. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly passphrase?: string | undefined;
  /** The name in the certificate, if it differs from the host of the address. */
  readonly serverName?: string | undefined;
}

/** Options of a TLS connection in the form of Node.js. */
export interface ClientTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly passphrase?: string;
  readonly servername?: string;
}

const BEGIN_CERTIFICATE = '-----BEGIN CERTIFICATE-----';

/**
 * Reads the files of a provider's TLS settings.
 *
 * @param field path of the settings in the configuration
 * @throws Error that names the invalid field, and contains nothing of a file
 */
export function readClientTls(field: string, files: TlsFiles): ClientTls {
  const { ca, cert, key, passphrase, serverName } = files;
  const tls: ClientTls = {
    ...(ca === undefined ? {} : { ca: certificatesOf(`${field}.ca`, ca) }),
    ...(cert === undefined ? {} : { cert: certificatesOf(`${field}.cert`, cert) }),
    ...(key === undefined ? {} : { key: textOf(`${field}.key`, key) }),
    ...defined({ passphrase, servername: serverName }),
  };
  try {
    createSecureContext(tls);
  } catch (error) {
    const { code = 'unknown reason' } = error as NodeJS.ErrnoException;
    throw new Error(`${field}.key: expected the key of the certificate, with its passphrase if it has one (${code})`);
  }
  return tls;
}

/**
 * Reads a certificate file. Its first certificate is parsed as a check, because Node.js ignores a file without certificates.
 */
function certificatesOf(field: string, file: string): string {
  const text = textOf(field, file);
  const begin = text.indexOf(BEGIN_CERTIFICATE);
  try {
    new X509Certificate(text.slice(begin));
  } catch {
    throw new Error(`${field}: expected a file of certificates in PEM form`);
  }
  return text;
}

function textOf(field: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`${field}: cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown reason'})`);
  }
}
