import { asList, asNumber, asString, isBoolean, isString, type Json, member } from '../neutral/read-json.ts';
import { field } from './fields.ts';

type Step = string | number;

/** `$.recipe.ingredients[0].name` as the names and numbers on the way. */
function stepsOf(path: string): Step[] {
  const found = path.matchAll(/\.([^.[\]]+)|\[(\d+)\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]/g);
  return [...found].map(([, name, index, single, double]) =>
    index === undefined ? (name ?? single ?? double ?? '') : Number(index),
  );
}

/**
 * Makes one JSON text of a function call's arguments that come piece by piece, each with the path of where it belongs (Vertex AI's
 * `streamFunctionCallArguments`). The pieces come in the order of the text, so what is known of it can be given on at once.
 */
export class PartialArgs {
  /** The way to the value that was written last; a text there may still go on. */
  #path: Step[] = [];
  #begun = false;
  #inText = false;

  /** The next piece of the text. */
  add(args: Json): string {
    return asList(args)
      .map((arg) => this.#one(arg))
      .join('');
  }

  /** What closes the text. */
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

  /** Closes what the next value is not in, and opens what it is in. */
  #move(steps: Step[]): string {
    const path = this.#path;
    let common = 0;
    while (common < path.length && common < steps.length && path[common] === steps[common]) common++;
    let written = '';
    // the containers below the first step that differs are done
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
