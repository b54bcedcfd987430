import { z } from 'zod';
import { admin, jwtIssuer, key } from './callers.ts';
import { reload, shutdown } from './lifecycle.ts';
import { shared, team } from './limits.ts';
import { model } from './model.ts';
import { modelName, name } from './names.ts';
import { cors, networkSettings } from './network.ts';
import { prices } from './prices.ts';
import { provider } from './provider.ts';
import { audit, usage } from './records.ts';
import { resilience } from './resilience.ts';
import { cache, objects, redis, responses } from './storage.ts';
import { passThrough, realtime, requestLimits, streams } from './traffic.ts';

/** The configuration file. The sections are one file each. */
export const configSchema = z.strictObject({
  providers: z.record(name, provider).default({}),
  models: z.record(modelName, model).default({}),
  tenants: z.record(name, z.strictObject(shared)).default({}),
  teams: z.record(name, team).default({}),
  keys: z.array(key).default([]),
  admins: z.array(admin).default([]),
  jwt: z.array(jwtIssuer).default([]),
  network: networkSettings,
  passThrough,
  cors,
  prices,
  cache,
  responses,
  audit,
  usage,
  resilience,
  streams,
  shutdown,
  redis,
  objects,
  realtime,
  reload,
  limits: requestLimits,
});

/** The configuration as the gateway uses it: durations in milliseconds, sizes in bytes. */
export type GatewayConfig = z.output<typeof configSchema>;
/** The configuration as a file has it. */
export type ConfigFile = z.input<typeof configSchema>;
export type ProviderConfig = GatewayConfig['providers'][string];
export type TargetConfig = GatewayConfig['models'][string]['targets'][number];
