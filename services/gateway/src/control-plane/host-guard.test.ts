import { describe, expect, it } from '@jest/globals';
import { isAllowedHost } from './host-guard.ts';

describe('Host guard of the control plane', () => {
  it.each([
    'localhost',
    'localhost:8081',
    '127.0.0.1:8081',
    '[::1]:8081',
    '10.1.2.3',
    '[2001:db8::7]',
    'gateway:8081',
    'sluice-admin',
    'sluice.prod.svc:8081',
    'sluice.prod.svc.cluster.local',
    'box.local.',
    'a.internal',
    'Admin.Example.COM:443',
  ])('accepts the Host %s', (host) => {
    expect(isAllowedHost(host, ['admin.example.com'])).toBe(true);
  });

  it.each([
    'evil.example',
    'evil.example:8081',
    'xadmin.example.com',
    'admin.example.com.evil.example',
    '127.0.0.1.evil.example',
    '',
    'internal.evil.example',
    '[::1',
    '[evil.example]',
    'a b',
    '127.0.0.1@evil.example',
    '2130706433',
    'evil.example,localhost',
  ])('refuses the Host %j', (host) => {
    expect(isAllowedHost(host, ['admin.example.com'])).toBe(false);
  });
});
