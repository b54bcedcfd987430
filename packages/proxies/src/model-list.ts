import type { DialectName, LlmCall, LlmProxy, LlmReply } from '@sluice/core';

export interface ModelListRendering {
  /** Renders the models that the caller may use, in the dialect of the route. */
  list(dialect: DialectName, allowed: readonly string[] | undefined): string;
  /** Renders one model by its public name. */
  one(dialect: DialectName, model: string): string;
}

/** Serves the routes that list models or describe a model, from the configuration alone. */
export function modelList(render: ModelListRendering): LlmProxy {
  const answer = async (call: LlmCall): Promise<LlmReply> => {
    const { model } = call.message.view();
    const text = model === '' ? render.list(call.dialect, call.context.caller?.models) : render.one(call.dialect, model);
    return { status: 200, contentType: 'application/json', headers: {}, body: Buffer.from(text) };
  };
  return (next) => ({
    complete: (call) => (call.operation === 'models' ? answer(call) : next.complete(call)),
  });
}
