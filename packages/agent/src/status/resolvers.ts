import { isIpv4 } from '@kcore/contract';

/** The IPv4 name servers of a resolv.conf that a guest could reach: a loopback address means another host there. Source: resolv.conf(5). */
export function parseResolvers(text: string): readonly string[] {
  const servers = text.split('\n').flatMap((line) => {
    const [keyword, address] = line.trim().split(/\s+/);
    return keyword === 'nameserver' && address !== undefined ? [address] : [];
  });
  return [...new Set(servers)].filter((address) => isIpv4(address) && !/^(127|0)\./.test(address));
}
