import { z } from 'zod';

/** Paths that users copy from a provider's page together with the address. The gateway adds them itself. */
const ENDPOINT =
  /\/(?:chat\/completions|v1\/(?:completions|embeddings|messages|responses))\/?$|:(?:generateContent|streamGenerateContent)$/;

/**
 * The address of a provider's API. A query (`?api-version=…`) becomes part of each request, and a user and password become its
 * Basic authentication.
 */
export const baseUrl = z.url({ protocol: /^https?$/ }).superRefine((text, context) => {
  const refuse = (message: string): void => context.addIssue({ code: 'custom', message });
  // the check before this one reports it
  if (!URL.canParse(text)) return;
  const { hash, pathname } = new URL(text);
  if (hash !== '') refuse('expected a URL without a fragment (#…)');
  if (ENDPOINT.test(pathname))
    refuse('expected the address of the API, such as https://api.openai.com/v1, without the path of an endpoint');
});

const PROXY = 'expected a URL such as http://proxy.example:3128, or none';
const file = z.string().min(1);

/** Settings of connections to a provider. */
export const connection = {
  /** The URL of a forward proxy, or `none`. By default the environment's (HTTPS_PROXY, HTTP_PROXY, NO_PROXY). */
  proxy: z
    .string()
    .refine((text) => text === 'none' || z.url({ protocol: /^https?$/ }).safeParse(text).success, PROXY)
    .optional(),
  /** Files in PEM form. */
  tls: z
    .strictObject({
      /** The accepted certificate authorities; by default those of Node.js. */
      ca: file.optional(),
      /** The client certificate of the gateway, and its key. */
      cert: file.optional(),
      key: file.optional(),
      passphrase: z.string().min(1).optional(),
      /** The name in the provider's certificate, if it differs from the host of `baseUrl`. */
      serverName: z.string().min(1).optional(),
    })
    .refine(({ cert, key }) => (cert === undefined) === (key === undefined), 'expected cert and key together')
    .optional(),
};
