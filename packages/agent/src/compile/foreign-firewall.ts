import type { Condition } from '@kcore/contract';
import type { ForeignBaseChain, HostFacts } from '../model/host-facts.ts';
import { conditions } from './conditions.ts';
import type { NetworkDraft } from './resolved-network.ts';
import { VXLAN_PORT } from './vxlan-overhead.ts';

/** Families whose chains see a guest's IPv4 packets. */
const IPV4_FAMILIES: readonly string[] = ['ip', 'inet', 'bridge'];

/**
 * What a firewall of others does to a network. An accept in kcore's table does not outvote a drop in another
 * table on the same hook, so all that can be done is to say which chain it is and what to add to it. A rule in the chain
 * may already let the traffic through; the condition says what the policy is and cannot see through the rules.
 */
export function firewallConditions(draft: NetworkDraft, host: HostFacts): readonly Condition[] {
  const dropping = host.foreignBaseChains.filter(
    (chain) => chain.policy === 'drop' && IPV4_FAMILIES.includes(chain.family),
  );
  return dropping.flatMap((chain) => {
    if (chain.hook === 'forward') return forwardCondition(draft, chain);
    return inputCondition(draft, chain);
  });
}

function forwardCondition(draft: NetworkDraft, chain: ForeignBaseChain): readonly Condition[] {
  if (!draft.nat && chain.family !== 'bridge') return [];
  const bridge = draft.bridge.name;
  const fix = [`iifname "${bridge}" accept`, `oifname "${bridge}" accept`].map((rule) => insertRule(chain, rule));
  return [conditions.foreignFirewallDrops(chain, 'forwarded packets', fix.join('; '))];
}

function inputCondition(draft: NetworkDraft, chain: ForeignBaseChain): readonly Condition[] {
  const needed: Condition[] = [];
  const bridge = draft.bridge.name;
  if (draft.spec.type === 'nat' || (draft.spec.type === 'vxlan' && draft.spec.dhcp.enabled === true)) {
    const fix = insertRule(chain, `iifname "${bridge}" udp dport 67 accept`);
    needed.push(conditions.foreignFirewallDrops(chain, 'DHCP (UDP port 67) from its VMs', fix));
  }
  if (draft.spec.type === 'vxlan') {
    const fix = insertRule(chain, `udp dport ${VXLAN_PORT} accept`);
    needed.push(conditions.foreignFirewallDrops(chain, `VXLAN (UDP port ${VXLAN_PORT}) from its peers`, fix));
  }
  return needed;
}

function insertRule(chain: ForeignBaseChain, rule: string): string {
  return `nft insert rule ${chain.family} ${chain.table} ${chain.chain} ${rule}`;
}
