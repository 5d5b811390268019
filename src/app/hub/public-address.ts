import { BlockList, isIP } from 'node:net';

// Which addresses belong to the internet: whoever may name an address that this server is to call could otherwise reach what
// only this machine and its network reach.

/** Special-purpose networks of IPv4 (RFC 6890), and those that no host has. */
const notPublic4: readonly [string, number][] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
];
/** What is not of these is no address of the internet: IPv4 in IPv6 among it (::ffff:0:0/96, 64:ff9b::/96). */
const global6: [string, number] = ['2000::', 3];
/** Within it: protocols, documentation, and what carries addresses of IPv4. */
const notPublic6: readonly [string, number][] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];

const inner4 = new BlockList();
for (const [net, prefix] of notPublic4) inner4.addSubnet(net, prefix, 'ipv4');
const outer6 = new BlockList();
outer6.addSubnet(...global6, 'ipv6');
const inner6 = new BlockList();
for (const [net, prefix] of notPublic6) inner6.addSubnet(net, prefix, 'ipv6');

/** Whether the internet leads to this address, and to no host of ours. */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !inner4.check(address, 'ipv4');
    case 6:
      return outer6.check(address, 'ipv6') && !inner6.check(address, 'ipv6');
    default:
      return false;
  }
}
