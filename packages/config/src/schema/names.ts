import { z } from 'zod';

/** Names are part of metric labels, Redis keys and logs. */
export const name = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
    'expected 1 to 64 letters, digits, ".", "_" or "-", beginning with a letter or digit',
  );

/** Public model names may also have a slash and a colon, as providers' names do. */
export const modelName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,127}$/, 'expected 1 to 128 letters, digits or "._:/@-"');

/** The form of a browser's `Origin` header: no path, lower case. */
export const origin = z
  .string()
  .regex(
    /^(?:\*|[a-z][a-z0-9+.-]*:\/\/[a-z0-9._:[\]-]+)$/,
    'expected an origin such as https://app.example.com, without a slash at the end, or *',
  );

/** A header's name and value. A value may be a secret, so that no message shows it. */
export const headers = z.record(
  z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/, "expected a header's name"),
  z.string().regex(/^[\x20-\x7e]*$/, 'expected printable ASCII characters'),
);
