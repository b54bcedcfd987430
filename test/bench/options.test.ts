import { describe, expect, test } from '@jest/globals';
import { PARTS, readOptions } from './options.ts';

describe('the options of the bench', () => {
  test('runs all parts by default and the short ones with --quick', () => {
    expect([...readOptions([]).parts]).toEqual(PARTS);
    expect([...readOptions(['--quick']).parts]).toEqual(['calls', 'redis', 'garbage', 'start', 'metrics', 'memory']);
  });

  test('runs only the named parts, also parts of the long run with --quick', () => {
    expect([...readOptions(['--quick', '--only=latency,calls']).parts]).toEqual(['calls', 'latency']);
  });

  test.each([
    [['--fast'], /unknown option --fast/],
    [['--only=callz'], /unknown part callz/],
    [['--write', '--only=calls'], /--write requires all parts/],
    [['--write', '--quick'], /--write requires all parts/],
  ])('refuses %j', (argv, message) => {
    expect(() => readOptions(argv)).toThrow(message);
  });

  test('reads the number of calls', () => {
    expect(readOptions(['--calls=5000', '--gate'])).toMatchObject({ calls: 5_000, gate: true, write: false });
  });
});
