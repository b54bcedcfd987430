import type { GatewayConfig } from '@sluice/config';

/** A part of the gateway with a lifecycle. */
export interface Component {
  /** Shown in the log if the part fails to stop. */
  readonly name: string;
  start?(): void | Promise<void>;
  /** Applies a changed configuration. @throws Error if the configuration is invalid; then nothing has changed */
  reload?(config: GatewayConfig): void;
  stop?(): void | Promise<void>;
}

/**
 * Starts parts in order, and stops them in reverse order: a part may rely on those before it.
 *
 * @example
 * const components = new Components([stores, auditWriter, servers], onStopFailed);
 * await components.start();
 * components.reload(changed);
 * await components.stop();
 */
export class Components {
  readonly #components: readonly Component[];
  readonly #onStopFailed: (name: string, error: unknown) => void;

  constructor(components: readonly Component[], onStopFailed: (name: string, error: unknown) => void) {
    this.#components = components;
    this.#onStopFailed = onStopFailed;
  }

  /** @throws the error of a part that fails to start, after the parts before it were stopped */
  async start(): Promise<void> {
    for (const [n, component] of this.#components.entries()) {
      try {
        await component.start?.();
      } catch (error) {
        await this.#stop(this.#components.slice(0, n));
        throw error;
      }
    }
  }

  /** Applies a changed configuration to all parts, in order. The first one validates it. */
  reload(config: GatewayConfig): void {
    for (const component of this.#components) component.reload?.(config);
  }

  /** Stops all parts in reverse order. A part that fails does not keep the others from stopping. */
  async stop(): Promise<void> {
    await this.#stop(this.#components);
  }

  async #stop(components: readonly Component[]): Promise<void> {
    for (const component of components.toReversed()) {
      try {
        await component.stop?.();
      } catch (error) {
        this.#onStopFailed(component.name, error);
      }
    }
  }
}

/** A value that a reload replaces. */
export class Ref<T> {
  value: T;

  constructor(value: T) {
    this.value = value;
  }
}
