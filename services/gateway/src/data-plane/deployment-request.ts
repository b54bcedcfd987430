import { errorTexts, LlmError } from '@sluice/core';
import { BodyRequest, isModelName } from '@sluice/dialects';

/**
 * Returns the body of a request with the model of the path in it (Azure's `/openai/deployments/{model}/…`). As at Azure, the
 * path takes precedence over a model in the body.
 *
 * @throws LlmError `invalid_request` for a body that is no JSON object, or a path without a model name
 */
export function withModel(bytes: Buffer, model: string): Buffer {
  if (!isModelName(model)) throw new LlmError('invalid_request', errorTexts.deploymentNotModel);
  const request = new BodyRequest(bytes, (value) => ({
    model: typeof value['model'] === 'string' ? value['model'] : '',
    stream: false,
    wantsStreamUsage: false,
  }));
  const { model: given, ...rest } = request.json();
  if (given !== undefined) return request.forUpstream({ model, streamUsage: false });
  const begin = bytes.indexOf('{') + 1;
  const comma = Object.keys(rest).length === 0 ? '' : ',';
  return Buffer.concat([
    bytes.subarray(0, begin),
    Buffer.from(`"model":${JSON.stringify(model)}${comma}`),
    bytes.subarray(begin),
  ]);
}
