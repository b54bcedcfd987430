import { InputError, type Pair } from './read-pairs.ts';

/** The model that makes the vectors, at a gateway. */
export interface EmbeddingsModel {
  /** The address of the gateway, with or without `/v1`. */
  readonly gateway: string;
  readonly key: string;
  readonly model: string;
  readonly dimensions: number | undefined;
}

/** Questions per call: providers accept more, but a call should end within its timeout. */
const BATCH = 64;
const TIMEOUT_MS = 60_000;

/** Returns the cosine similarity of the questions of each pair. @throws InputError if the gateway returns no vectors */
export async function similaritiesOf(pairs: readonly Pair[], model: EmbeddingsModel): Promise<number[]> {
  const texts = [...new Set(pairs.flatMap(({ a, b }) => [a, b]))];
  const vectors = new Map<string, readonly number[]>();
  for (let n = 0; n < texts.length; n += BATCH) {
    const batch = texts.slice(n, n + BATCH);
    const found = await vectorsOf(batch, model);
    for (const [at, text] of batch.entries()) vectors.set(text, found[at] as readonly number[]);
  }
  return pairs.map(({ a, b }) => cosine(vectors.get(a) ?? [], vectors.get(b) ?? []));
}

async function vectorsOf(input: readonly string[], model: EmbeddingsModel): Promise<readonly (readonly number[])[]> {
  const response = await post(input, model);
  const text = await response.text();
  if (!response.ok) throw refusal(response.status, text, model);
  const data = listOf(text).toSorted((x, y) => (x.index ?? 0) - (y.index ?? 0));
  const length = data[0]?.embedding?.length ?? 0;
  const isComplete = data.length === input.length && length > 0 && data.every(({ embedding }) => embedding?.length === length);
  if (!isComplete) {
    throw new InputError(
      `The model ${model.model} returned no vectors for ${input.length} questions. Check that --embeddings names an embeddings model.`,
    );
  }
  return data.map(({ embedding }) => embedding as readonly number[]);
}

async function post(input: readonly string[], { gateway, key, model, dimensions }: EmbeddingsModel): Promise<Response> {
  const url = `${gateway.replace(/\/+$/, '').replace(/\/v1$/, '')}/v1/embeddings`;
  try {
    return await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      body: JSON.stringify({ model, input, ...(dimensions === undefined ? {} : { dimensions }) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch (error) {
    const { message, cause } = error as Error;
    const reason = (cause as NodeJS.ErrnoException | undefined)?.code ?? message;
    throw new InputError(`The gateway at ${gateway} is unreachable (${reason}). Start it, or change --gateway.`);
  }
}

function refusal(status: number, body: string, { model }: EmbeddingsModel): InputError {
  const message = messageOf(body);
  if (status === 401) return new InputError(`The gateway does not accept the key (401). Change --key. ${message}`);
  return new InputError(`The gateway responded with ${status} to a call for vectors of ${model}. ${message}`);
}

function messageOf(body: string): string {
  try {
    return String((JSON.parse(body) as { error?: { message?: unknown } }).error?.message ?? '');
  } catch {
    return '';
  }
}

type Embedded = { readonly index?: number; readonly embedding?: readonly number[] };

function listOf(body: string): readonly Embedded[] {
  try {
    const { data } = JSON.parse(body) as { data?: unknown };
    return Array.isArray(data) ? data : [];
  } catch {
    return [];
  }
}

function cosine(a: readonly number[], b: readonly number[]): number {
  let product = 0;
  for (const [n, value] of a.entries()) product += value * (b[n] ?? 0);
  const lengths = Math.hypot(...a) * Math.hypot(...b);
  return lengths === 0 ? 0 : product / lengths;
}
