import type { DialectName, LlmCall, LlmProxy, LlmReply } from '@sluice/core';

export interface ModelListRendering {
  /** The list as the caller may see it, in the dialect of the route. */
  list(dialect: DialectName, allowed: readonly string[] | undefined): string;
  /** One model, by its public name. */
  one(dialect: DialectName, model: string): string;
}

/** Answers the questions what models there are and what one of them is, from the configuration alone. */
export function modelList(render: ModelListRendering): LlmProxy {
  const answer = async (call: LlmCall): Promise<LlmReply> => {
    const { model } = call.message.view();
    const text = model === '' ? render.list(call.dialect, call.facts.caller?.models) : render.one(call.dialect, model);
    return { status: 200, contentType: 'application/json', headers: {}, body: Buffer.from(text) };
  };
  return (next) => ({
    complete: (call) => (call.operation === 'models' ? answer(call) : next.complete(call)),
  });
}
