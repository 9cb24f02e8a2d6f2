import type { Contestant, Row } from '../../support/row.ts';
import { pathOf } from '../../support/tools.ts';
import type { Workplace } from '../../support/workplace.ts';
import { addressKey, concatenatedKey } from '../elements.ts';
import { nftTool, ours, type Place, selfTimedContestant, wholeContestant, worker } from '../rivals.ts';

type SetName = 'addresses' | 'concatenated';

const SELF = 'self-timed: encoding of values in memory, transaction, acknowledgement; not the start of the process';

function elementText(set: SetName, i: number): string {
  if (set === 'addresses') return addressKey(i);
  const [device, mac, address] = concatenatedKey(i);
  return `"${device}" . ${mac} . ${address}`;
}

function ruleset(set: SetName, count: number): string {
  const type = set === 'addresses' ? 'ipv4_addr' : 'ifname . ether_addr . ipv4_addr';
  const elements = Array.from({ length: count }, (_, i) => elementText(set, i)).join(',\n');
  return `table inet bench {\n set ${set} {\n type ${type}\n elements = {\n${elements}\n}\n }\n}\n`;
}

async function bulkRow(workplace: Workplace, scale: number, set: SetName): Promise<Row> {
  const count = Math.ceil(65_000 * scale);
  const nft = await nftTool();
  const place: Place = { workplace, label: 'nft', prepare: [] };
  const rival: Contestant = wholeContestant(place, {
    name: 'nft -f',
    found: nft,
    args: ['-f', '-'],
    input: ruleset(set, count),
    target: { must: 1.5, aim: 2.2 },
  });
  const keys = set === 'addresses' ? 'ipv4_addr' : 'ifname . ether_addr . ipv4_addr';
  return {
    name: set === 'addresses' ? 'nft-elements' : 'nft-elements-concatenated',
    title: `${count} elements (${keys}) into an nftables set`,
    unit: 'ms',
    compare: 'times',
    contestants: [
      selfTimedContestant(place, {
        name: '@kcore/netlink',
        found: ours,
        args: [worker, 'nft-add', set, String(count)],
        timed: SELF,
      }),
      rival,
    ],
  };
}

export const nftElements = (workplace: Workplace, scale: number): Promise<Row> =>
  bulkRow(workplace, scale, 'addresses');
export const nftElementsConcatenated = (workplace: Workplace, scale: number): Promise<Row> =>
  bulkRow(workplace, scale, 'concatenated');

export async function nftOne(workplace: Workplace, scale: number): Promise<Row> {
  const count = Math.ceil(10_000 * scale);
  const nft = await nftTool();
  const input = ruleset('addresses', count);
  const place: Place = {
    workplace,
    label: 'nft1',
    prepare: [],
    fill: (netns) => workplace.run([pathOf(nft), '-f', '-'], { netns, input }),
  };
  return {
    name: 'nft-one',
    title: `one more element into a hash set of ${count}`,
    unit: 'ms',
    compare: 'times',
    contestants: [
      selfTimedContestant(place, {
        name: '@kcore/netlink',
        found: ours,
        args: [worker, 'nft-one', 'addresses', String(count), '1000'],
        timed: 'self-timed: one transaction, median of 1,000 one after the other in one process',
      }),
      wholeContestant(place, {
        name: 'nft add element',
        found: nft,
        args: ['add', 'element', 'inet', 'bench', 'addresses', `{ ${addressKey(count)} }`],
        input: '',
        timed: 'whole process',
        target: { must: 50, aim: 300 },
      }),
    ],
  };
}
