/** Where and what an agent is to ask. */
export interface Task {
  /** The gateway's address, without a path. */
  readonly url: string;
  readonly key: string;
  readonly model: string;
  readonly prompt: string;
  /** Its own folder for configuration, empty before. */
  readonly home: string;
  /** Its working folder. */
  readonly folder: string;
}

/** How a task is begun. */
export interface Command {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Files that are written before, by their path. */
  readonly files?: Readonly<Record<string, string>>;
}

/** A coding agent of npm. */
export interface AgentKind {
  readonly name: string;
  readonly package: string;
  /** Its command in node_modules/.bin. */
  readonly bin: string;
  command(task: Task): Command;
  /** Models that the agent cannot be driven with, each with the reason. */
  readonly unable?: Readonly<Record<string, string>>;
}

/** Why some agents cannot use OpenAI's reasoning models by chat completions. */
export const SENDS_MAX_TOKENS: Readonly<Record<string, string>> = {
  'openai/gpt-5': 'the agent sends max_tokens, which the model refuses, and its requests pass unchanged',
};
