import { describe, expect, it } from '@jest/globals';
import { inNetworks, network } from './network.ts';

describe('networks', () => {
  it.each(['192.0.2.7', '10.0.0.0/8', '0.0.0.0/0', '2001:db8::/32', '::1'])('accepts the network %s', (text) => {
    expect(network.safeParse(text).success).toBe(true);
  });

  it.each(['', '10.0.0.0/33', '10.0.0/8', '10.0.0.0/8/8', '2001:db8::/129', '10.0.0.0/-1', '10.0.0.0/', 'localhost'])(
    'refuses the network %s',
    (text) => {
      expect(network.safeParse(text).success).toBe(false);
    },
  );

  it.each([
    ['10.1.2.3', true],
    ['::ffff:10.1.2.3', true],
    ['11.1.2.3', false],
    ['::ffff:11.1.2.3', false],
    ['192.0.2.7', true],
    ['192.0.2.8', false],
    ['2001:db8:1::5', true],
    ['2001:db9::5', false],
    ['', false],
    ['nobody', false],
  ])('decides whether %s is within the network', (address, within) => {
    expect(inNetworks(['10.0.0.0/8', '192.0.2.7', '2001:db8::/32'])(address)).toBe(within);
  });
});
