import { z } from 'zod';
import { network } from '../network.ts';
import { origin } from './names.ts';

export const networkSettings = z
  .strictObject({
    /** Proxies with a trusted `X-Forwarded-For`: the ingress. */
    trustedProxies: z.array(network).default([]),
    /** Host names of the control plane, in addition to IP addresses, single-label names and private names. */
    adminHosts: z
      .array(z.string().regex(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/, "expected a host's name in lower case, without a port"))
      .default([]),
  })
  .default({ trustedProxies: [], adminHosts: [] });

export const cors = z
  .strictObject({
    /** Origins of pages that may call the data plane from a browser. */
    origins: z.array(origin).max(100).default([]),
  })
  .default({ origins: [] });
