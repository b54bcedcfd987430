/** Handles the messages of a session. */
export interface SimulatedSession {
  begin(): void;
  receive(text: string): void;
}
