import { parseArgs } from 'node:util';
import { evaluate } from './evaluate.ts';
import { InputError, readPairs } from './read-pairs.ts';
import { reportText } from './report.ts';
import { type EmbeddingsModel, similaritiesOf } from './similarities.ts';

export const USAGE =
  'Usage: npm run cache-eval -- --pairs FILE [--gateway URL --key KEY --embeddings MODEL [--dimensions N]] [--json]';

/** Evaluates the pairs of a file as the options say, and returns the report. @throws InputError */
export async function run(argv: readonly string[]): Promise<string> {
  const { pairs: file, json, ...rest } = optionsOf(argv);
  if (file === undefined) throw new InputError(`--pairs is missing. ${USAGE}`);
  const model = modelOf(rest);
  const pairs = readPairs(file);
  const evaluation = evaluate(pairs, model && (await similaritiesOf(pairs, model)));
  return json === true ? JSON.stringify(evaluation, null, 2) : reportText(evaluation);
}

function optionsOf(argv: readonly string[]) {
  const text = { type: 'string' } as const;
  const options = {
    ...{ pairs: text, gateway: text, key: text, embeddings: text, dimensions: text },
    json: { type: 'boolean' },
  } as const;
  try {
    return parseArgs({ args: [...argv], options }).values;
  } catch (error) {
    throw new InputError(`${(error as Error).message}. ${USAGE}`);
  }
}

type ModelOptions = Partial<Record<'gateway' | 'key' | 'embeddings' | 'dimensions', string>>;

function modelOf({ gateway, key, embeddings, dimensions }: ModelOptions): EmbeddingsModel | undefined {
  if ([gateway, key, embeddings, dimensions].every((option) => option === undefined)) return undefined;
  if (gateway === undefined || key === undefined || embeddings === undefined) {
    throw new InputError(`Vectors require --gateway, --key and --embeddings. ${USAGE}`);
  }
  if (!URL.canParse(gateway)) throw new InputError(`--gateway must be an address such as http://localhost:8080, not ${gateway}.`);
  const size = dimensions === undefined ? undefined : Number(dimensions);
  if (size !== undefined && !(Number.isSafeInteger(size) && size > 0)) {
    throw new InputError(`--dimensions must be a whole number above 0, not ${dimensions}.`);
  }
  return { gateway, key, model: embeddings, dimensions: size };
}
