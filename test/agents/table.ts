export interface AgentRow {
  readonly agent: string;
  readonly version: string;
  readonly model: string;
  readonly outcome: string;
  readonly failed: boolean;
}

export function printTable(rows: readonly AgentRow[]): void {
  const cells = [
    ['agent', 'version', 'model', 'outcome'],
    ...rows.map(({ agent, version, model, outcome, failed }) => [agent, version, model, failed ? `FAILED: ${outcome}` : outcome]),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  for (const row of cells) process.stdout.write(`${row.map((cell, n) => cell.padEnd(widths[n] ?? 0)).join('  ')}\n`);
}
