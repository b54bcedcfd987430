/** Answers the messages of one session. */
export interface SimulatedSession {
  begin(): void;
  receive(text: string): void;
}
