import winston from 'winston';

/** Where winston's transports find the line to write (its package `triple-beam`). */
const MESSAGE = Symbol.for('message');

export type Logger = winston.Logger;

/** Lines of JSON on standard output. JSON escapes control characters, so nothing that a client sends can forge a line. */
export function createLogger(level: string): Logger {
  const json = winston.format.combine(winston.format.timestamp(), winston.format.json());
  return winston.createLogger({
    level,
    // a batch of lines that are JSON already goes out as it is
    format: winston.format((info) => (info['preformatted'] === true ? info : (json.transform(info) as typeof info)))(),
    transports: [new winston.transports.Console()],
  });
}

/** Writes complete lines of JSON at the cost of one log line. */
export function logLines(logger: Logger, lines: readonly string[]): void {
  if (lines.length === 0) return;
  logger.log({ level: 'info', message: '', preformatted: true, [MESSAGE]: lines.join('\n') });
}
