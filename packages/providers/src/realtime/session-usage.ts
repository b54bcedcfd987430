import { sumUsage, type Usage, type UsageIssue } from '@sluice/core';

/** Estimated tokens of messages that no report includes yet. */
interface Unreported {
  input: number;
  output: number;
  audioInput: number;
  audioOutput: number;
}

const nothing = (): Unreported => ({ input: 0, output: 0, audioInput: 0, audioOutput: 0 });

const MISSING: UsageIssue = { reason: 'missing', input: true, output: true };

/** Sums up the usage of a session: the provider's reports, and estimates of unreported answers. */
export class SessionUsage {
  #reported: Usage | undefined;
  #issue: UsageIssue | undefined;
  #unreported = nothing();
  /** Tokens of the conversation at the last report: the next answer has all of them as its prompt. */
  #context = 0;

  /** Adds one report. A report without valid counts is replaced by the estimate. */
  report(usage: Usage): void {
    const { issue, ...counts } = usage;
    if (issue !== undefined) this.#issue = issue;
    const added = issue === undefined ? counts : this.#estimate();
    this.#reported = sumUsage(this.#reported, added);
    this.#context = added.inputTokens + added.outputTokens;
    this.#unreported = nothing();
  }

  /** Adds a report apart from answers, such as a transcription's. Answers in progress remain unreported. */
  reportBeside(usage: Usage): void {
    if (usage.issue === undefined) this.#reported = sumUsage(this.#reported, usage);
    else this.#issue = usage.issue;
  }

  /** Counts tokens that the client sent. */
  sent(tokens: number, audioTokens = 0): void {
    this.#unreported.input += tokens;
    this.#unreported.audioInput += audioTokens;
  }

  /** Counts tokens of an answer that the provider sent. */
  received(tokens: number, audioTokens = 0): void {
    this.#unreported.output += tokens;
    this.#unreported.audioOutput += audioTokens;
  }

  /** Returns the total; `issue` is set if a part is estimated. Undefined without usage. */
  total(): Usage | undefined {
    const { input, output, audioInput, audioOutput } = this.#unreported;
    const answered = output + audioOutput > 0;
    const estimated = this.#reported === undefined ? answered || input + audioInput > 0 : answered;
    const usage = estimated ? sumUsage(this.#reported, this.#estimate()) : this.#reported;
    const issue = this.#issue ?? (estimated ? MISSING : undefined);
    return usage === undefined || issue === undefined ? usage : { ...usage, issue };
  }

  /** Approximate number of tokens that the provider has generated. */
  get generated(): number {
    return (this.#reported?.outputTokens ?? 0) + this.#estimate().outputTokens;
  }

  #estimate(): Usage {
    const { input, output, audioInput, audioOutput } = this.#unreported;
    const audioInputTokens = Math.ceil(audioInput);
    const audioOutputTokens = Math.ceil(audioOutput);
    return {
      inputTokens: this.#context + Math.ceil(input) + audioInputTokens,
      outputTokens: Math.ceil(output) + audioOutputTokens,
      ...(audioInputTokens === 0 ? {} : { audioInputTokens }),
      ...(audioOutputTokens === 0 ? {} : { audioOutputTokens }),
    };
  }
}
