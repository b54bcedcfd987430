import { type DialectName, errorTexts, type LlmCall, LlmError } from '@sluice/core';
import { DIALECTS, type Dialect } from '@sluice/dialects';
import type { Endpoint } from '../endpoints/endpoint.ts';
import { plain } from '../endpoints/plain.ts';
import type { ModelProfile, ProfileOverride } from '../profiles/model-profile.ts';
import { profileOf } from '../profiles/profile-of.ts';
import { Transport } from './transport.ts';
import type { UpstreamOptions } from './upstream-options.ts';

/** A model of the provider. */
export interface UpstreamModel {
  readonly name: string;
  /** Longest gap between two chunks of an answer, in milliseconds. The provider's if not given. */
  readonly bodyTimeoutMs?: number | undefined;
  /** Deviations from its family's profile in the configuration. */
  readonly override?: ProfileOverride | undefined;
  /** The requests that it accepts, by the dialect of the request. */
  readonly profiles: Map<DialectName, ModelProfile>;
}

/** The parts of a provider that all its operations share. */
export class ProviderContext {
  readonly options: UpstreamOptions;
  readonly endpoint: Endpoint;
  readonly transport: Transport;

  constructor(options: UpstreamOptions) {
    this.options = options;
    this.endpoint = options.endpoint ?? plain;
    this.transport = new Transport(options);
  }

  /** Refuses a call that this provider cannot serve. @throws LlmError `not_found` */
  unsupported(call: LlmCall): never {
    throw new LlmError('not_found', errorTexts.providerLacksRoute(this.options.provider, call.route));
  }

  /** Returns the caller's dialect if the provider has it, else the provider's first dialect. @throws LlmError `not_found` */
  dialectFor(call: LlmCall): Dialect {
    const { dialects } = this.options;
    const name = dialects.includes(call.dialect) ? call.dialect : dialects[0];
    return name === undefined ? this.unsupported(call) : DIALECTS[name];
  }

  /** Returns the profile of a model in a dialect. */
  profileFor({ name, profiles, override }: UpstreamModel, { name: dialect }: Dialect): ModelProfile {
    const known = profiles.get(dialect);
    if (known !== undefined) return known;
    const profile = profileOf({ provider: this.options.kind ?? this.options.provider, dialect, model: name }, override);
    profiles.set(dialect, profile);
    return profile;
  }
}
