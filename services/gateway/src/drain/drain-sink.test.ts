import { describe, expect, it } from '@jest/globals';
import { linesOf } from './drain-sink.ts';

describe(linesOf, () => {
  const line = (record: object): unknown => JSON.parse(linesOf([{ position: '1-0', record: JSON.stringify(record) }]));

  it('returns a record with its position as id', () => {
    expect(linesOf([{ position: '1-0', record: '{"requestId":"r"}' }])).toBe('{"id":"1-0","requestId":"r"}\n');
  });

  it('replaces the words of attempts that versions before 0.2.0 wrote, and keeps all other fields', () => {
    const attempt = { target: 'one/m', latencyMs: 3 };
    const record = { requestId: 'r', costUsd: 0.5, savedUsd: null, later: ['a field of a later version'] };
    const tried = [
      { ...attempt, outcome: 'failed', reason: 'silent' },
      { ...attempt, outcome: 'lost' },
    ];
    expect(line({ ...record, tried })).toEqual({
      ...{ ...record, id: '1-0', costNanos: 500_000_000 },
      tried: [
        { ...attempt, outcome: 'failed', reason: 'timeout' },
        { ...attempt, outcome: 'superseded' },
      ],
    });
  });

  it('does not change a record of this version', () => {
    const tried = [{ target: 'one/m', outcome: 'failed', reason: 'timeout', latencyMs: 3 }];
    const record = { requestId: 'r', tried, costUsd: 0.5, savedUsd: null, costNanos: 500_000_000 };
    expect(line(record)).toEqual({ id: '1-0', ...record });
  });

  it('passes a damaged record unchanged', () => {
    const record = '{"requestId":"r","tried":[{"outcome"';
    expect(linesOf([{ position: '1-0', record }])).toBe(`{"id":"1-0",${record.slice(1)}\n`);
  });
});
