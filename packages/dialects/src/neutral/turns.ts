import type { Message } from './request.ts';

/** Joins adjacent messages of the same role, for dialects with one message per turn. */
export function joinedTurns(messages: readonly Message[], roles: readonly Message['role'][]): Message[] {
  const turns: Message[] = [];
  for (const message of messages) {
    const last = turns.at(-1);
    if (last?.role === message.role && roles.includes(message.role)) {
      turns[turns.length - 1] = { ...last, parts: [...last.parts, ...message.parts] };
    } else turns.push(message);
  }
  return turns;
}
