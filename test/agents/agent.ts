/** The task of an agent. */
export interface Task {
  /** The gateway's address, without a path. */
  readonly url: string;
  readonly key: string;
  readonly model: string;
  readonly prompt: string;
  /** The agent's own folder for its configuration, initially empty. */
  readonly home: string;
  /** The agent's working folder. */
  readonly folder: string;
}

/** The command that starts a task. */
export interface Command {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Files that are written before the start, by their path. */
  readonly files?: Readonly<Record<string, string>>;
}

/** A coding agent from npm. */
export interface AgentKind {
  readonly name: string;
  readonly package: string;
  /** The agent's command in node_modules/.bin. */
  readonly bin: string;
  command(task: Task): Command;
  /** Models that the agent cannot use, each with the reason. */
  readonly unable?: Readonly<Record<string, string>>;
}

/** The reason why some agents cannot use OpenAI's reasoning models by chat completions. */
export const SENDS_MAX_TOKENS: Readonly<Record<string, string>> = {
  'openai/gpt-5': 'the agent sends max_tokens, which the model refuses, and its requests pass unchanged',
};
