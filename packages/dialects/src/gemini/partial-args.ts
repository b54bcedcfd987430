import { asList, asNumber, asString, isBoolean, isString, type Json, member } from '../neutral/read-json.ts';
import { field } from './fields.ts';

type Step = string | number;

/** Splits a path such as `$.recipe.ingredients[0].name` into its names and numbers. */
function stepsOf(path: string): Step[] {
  const found = path.matchAll(/\.([^.[\]]+)|\[(\d+)\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]/g);
  return [...found].map(([, name, index, single, double]) =>
    index === undefined ? (name ?? single ?? double ?? '') : Number(index),
  );
}

/**
 * Assembles JSON text from a function call's arguments that arrive in pieces, each with its path (Vertex AI's
 * `streamFunctionCallArguments`). The pieces arrive in the order of the text, so the known part can be forwarded at once.
 */
export class PartialArgs {
  /** Path of the last written value; a text value may continue. */
  #path: Step[] = [];
  #begun = false;
  #inText = false;

  /** Returns the next piece of the text. */
  add(args: Json): string {
    return asList(args)
      .map((arg) => this.#one(arg))
      .join('');
  }

  /** Returns the end of the text. */
  end(): string {
    if (!this.#begun) return '{}';
    const closed =
      this.#closeText() +
      this.#path
        .map((step) => (typeof step === 'number' ? ']' : '}'))
        .reverse()
        .join('');
    this.#path = [];
    return closed;
  }

  #one(arg: Json): string {
    const path = asString(field(arg, 'jsonPath'));
    if (path === undefined) return '';
    const steps = stepsOf(path);
    if (steps.length === 0) return '';
    const same = this.#inText && steps.length === this.#path.length && steps.every((step, n) => step === this.#path[n]);
    const before = same ? '' : this.#closeText() + this.#move(steps);
    const text = field(arg, 'stringValue');
    if (isString(text)) {
      const open = same ? '' : '"';
      this.#inText = true;
      const written = before + open + JSON.stringify(text).slice(1, -1);
      return member(arg, 'willContinue') === true || field(arg, 'willContinue') === true ? written : written + this.#closeText();
    }
    const number = asNumber(field(arg, 'numberValue'));
    const flag = field(arg, 'boolValue');
    return before + JSON.stringify(number ?? (isBoolean(flag) ? flag : null));
  }

  #closeText(): string {
    const closing = this.#inText ? '"' : '';
    this.#inText = false;
    return closing;
  }

  /** Closes the containers that do not contain the next value, and opens those that do. */
  #move(steps: Step[]): string {
    const path = this.#path;
    let common = 0;
    while (common < path.length && common < steps.length && path[common] === steps[common]) common++;
    let written = '';
    // the containers below the first differing step are complete
    for (let n = path.length - 1; n > common; n--) written += typeof path[n] === 'number' ? ']' : '}';
    if (this.#begun) written += ',';
    else written += typeof steps[0] === 'number' ? '[' : '{';
    this.#begun = true;
    for (let n = Math.min(common, steps.length - 1); n < steps.length; n++) {
      if (n > common) written += typeof steps[n] === 'number' ? '[' : '{';
      if (typeof steps[n] === 'string') written += `${JSON.stringify(steps[n])}:`;
    }
    this.#path = steps;
    return written;
  }
}
