import { describe, expect, it } from '@jest/globals';
import { type FailureSource, FailureWindow } from './failure-window.ts';

const LIMITS = { consecutive: 5, share: 0.5, minimum: 10, windowMs: 30_000 };
const by = (key: string, prompt: string): FailureSource => ({ key, prompt });

describe('FailureWindow', () => {
  it('exceeds the limit at five consecutive failures of the target itself', () => {
    const window = new FailureWindow();
    expect(Array.from({ length: 5 }, () => window.failed(LIMITS, 0))).toEqual([false, false, false, false, true]);
  });

  it('exceeds the limit at five consecutive failures of different requests of the only caller', () => {
    const window = new FailureWindow();
    expect([1, 2, 3, 4, 5].map((n) => window.failed(LIMITS, 0, by('a', `${n}`)))).toEqual([false, false, false, false, true]);
  });

  it('never exceeds the limit when the same request fails repeatedly, from any caller', () => {
    const window = new FailureWindow();
    for (let n = 0; n < 100; n++) expect(window.failed(LIMITS, n, by(`key-${n % 3}`, 'poison'))).toBe(false);
  });

  it("counts one request's failures together with failures of the target itself", () => {
    const window = new FailureWindow();
    for (let n = 0; n < 4; n++) window.failed(LIMITS, 0, by('a', 'the same'));
    expect(window.failed(LIMITS, 0)).toBe(true);
  });

  it("never exceeds the limit when only one caller's requests fail and others succeed", () => {
    const window = new FailureWindow();
    for (let n = 0; n < 100; n++) {
      expect(window.failed(LIMITS, n, by('evil', `${n}`))).toBe(false);
      expect(window.failed(LIMITS, n, by('evil', `${n} again`))).toBe(false);
      window.succeeded(LIMITS, n, 'honest');
    }
  });

  it('exceeds the limit when requests of two callers fail and only a third of the calls succeed', () => {
    const window = new FailureWindow();
    const verdicts = Array.from({ length: 10 }, (_, n) => {
      window.succeeded(LIMITS, n, 'honest');
      window.failed(LIMITS, n, by('a', `${n}`));
      return window.failed(LIMITS, n, by('b', `${n}`));
    });
    expect(verdicts).toContain(true);
  });

  it("exceeds the limit when more than half of the only caller's requests fail", () => {
    const window = new FailureWindow();
    const verdicts = Array.from({ length: 10 }, (_, n) => {
      window.succeeded(LIMITS, n, 'a');
      window.failed(LIMITS, n, by('a', `${n}`));
      return window.failed(LIMITS, n, by('a', `${n} again`));
    });
    expect(verdicts).toContain(true);
  });

  it('ignores failures that are older than the window', () => {
    const window = new FailureWindow();
    for (let n = 0; n < 9; n++) {
      window.failed(LIMITS, 0, by('a', `${n}`));
      if (n % 3 === 2) window.succeeded(LIMITS, 0, 'a');
    }
    expect(window.failed(LIMITS, 30_001, by('a', 'later'))).toBe(false);
  });
});
