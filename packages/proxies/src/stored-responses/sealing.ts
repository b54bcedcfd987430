import { createCipheriv, createDecipheriv, hash, randomBytes } from 'node:crypto';

const PLAIN = 0;
const SEALED = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Seals records for the store, with AES-256-GCM if there is a key.
 *
 * A record is bound to its name: a record of another tenant under the same name does not open. Unsealed records stay readable
 * after a key is configured. After a change of the key, earlier records do not open.
 *
 * @example
 * const sealing = new Sealing('a secret of 32 characters or more');
 * sealing.open(sealing.seal(bytes, 'tenant id'), 'tenant id'); // bytes
 */
export class Sealing {
  readonly #key: Buffer | undefined;

  /** @param secret the configured secret; its hash is the key */
  constructor(secret: string | undefined) {
    this.#key = secret === undefined ? undefined : hash('sha256', secret, 'buffer');
  }

  seal(bytes: Buffer, name: string): Buffer {
    if (this.#key === undefined) return Buffer.concat([Buffer.of(PLAIN), bytes]);
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce).setAAD(Buffer.from(name));
    const sealed = Buffer.concat([cipher.update(bytes), cipher.final()]);
    return Buffer.concat([Buffer.of(SEALED), nonce, cipher.getAuthTag(), sealed]);
  }

  /** Returns undefined for bytes that this key does not open. */
  open(sealed: Uint8Array, name: string): Buffer | undefined {
    const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
    if (bytes[0] === PLAIN) return bytes.subarray(1);
    const body = 1 + NONCE_BYTES + TAG_BYTES;
    if (bytes[0] !== SEALED || bytes.length < body || this.#key === undefined) return undefined;
    const decipher = createDecipheriv('aes-256-gcm', this.#key, bytes.subarray(1, 1 + NONCE_BYTES))
      .setAAD(Buffer.from(name))
      .setAuthTag(bytes.subarray(1 + NONCE_BYTES, body));
    try {
      return Buffer.concat([decipher.update(bytes.subarray(body)), decipher.final()]);
    } catch {
      // another key, another name, or modified bytes
      return undefined;
    }
  }
}
