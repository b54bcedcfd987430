import { BlockList, isIP } from 'node:net';
import { z } from 'zod';

const BITS = { 4: 32, 6: 128 } as const;

function familyOf(network: string): 4 | 6 | undefined {
  const [address = '', prefix, ...more] = network.split('/');
  const family = isIP(address);
  if (family === 0 || more.length > 0) return undefined;
  const fits = prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= BITS[family as 4 | 6]);
  return fits ? (family as 4 | 6) : undefined;
}

/** An address or a network: `192.0.2.7`, `10.0.0.0/8`, `2001:db8::/32`. */
export const network = z
  .string()
  .refine(
    (text) => familyOf(text) !== undefined,
    'expected an address or a network such as 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32',
  );

/**
 * Returns a function that checks whether an address is in one of these networks. An IPv4 address written as IPv6
 * (`::ffff:192.0.2.7`) is the same address.
 */
export function inNetworks(networks: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const one of networks) {
    const [address = '', prefix] = one.split('/');
    const family = familyOf(one) ?? 4;
    list.addSubnet(address, prefix === undefined ? BITS[family] : Number(prefix), `ipv${family}`);
  }
  return (address) => {
    const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
    const family = isIP(plain);
    return family !== 0 && list.check(plain, `ipv${family as 4 | 6}`);
  };
}
