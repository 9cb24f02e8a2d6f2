import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { askTcp } from '../support/ask.ts';
import { eventually } from '../support/eventually.ts';
import { openLab, type TestLab } from '../support/lab.ts';
import { exists, inNetns, ping, witness } from '../support/namespace.ts';

const opened: TestLab[] = [];
const lab = (): TestLab => opened[0] as TestLab;
const node = (): string => lab().netns('node-1');

beforeAll(async () => {
  opened.push(await openLab({ nodes: 1 }));
});
afterAll(async () => {
  for (const one of opened) await one[Symbol.asyncDispose]();
});

test('R-10: a bridge network takes the second NIC as its port and nothing else', async () => {
  await lab().ok(...'create network lan --type bridge --uplink eno2 --target-node node-1'.split(' '));
  await eventually(async () => {
    const ports = await witness(node(), 'bridge', '-j', 'link', 'show');
    expect(ports).toContainEqual(expect.objectContaining({ ifname: 'eno2', master: 'kbr-lan' }));
  });
  const [bridge] = await witness(node(), 'ip', '-j', '-4', 'address', 'show', 'kbr-lan');
  expect(bridge?.addr_info ?? []).toEqual([]);
  const listening = await inNetns(node(), 'ss', '-lunH');
  expect(listening).toContain('kbr-default:67');
  expect(listening).not.toContain('kbr-lan');
  expect(await inNetns(node(), 'nft', 'list', 'table', 'ip', 'kcore')).not.toContain('kbr-lan');
});

test('R-11: its VMs use the DHCP server of the outside, and kcore answers nothing', async () => {
  const address = await lab().createVm('edge-01', '--network', 'lan');
  expect(address).toMatch(/^192\.168\.50\.1\d\d$/);
  const { directory } = await lab().status();
  const { mac } = (await lab().json('get', 'vms', 'edge-01')).status.nics[0];
  expect(await readFile(`${directory}/logs/world-dhcp.log`, 'utf8')).toContain(`sending ACK to ${address}`);
  const leases = (await lab().json('get', 'leases')).items as { status: { mac: string } }[];
  expect(leases.filter(({ status }) => status.mac === mac)).toEqual([]);
});

test('a VM of a bridge network is on the segment itself', async () => {
  const address = await lab().guestAddress('edge-01');
  await eventually(() => ping(lab().netns('world'), address));
  // Nobody translates: the outside sees the VM under its own address.
  expect(await askTcp(lab().vmNetns('edge-01'), '203.0.113.10', 80)).toMatch(`as ${address}:`);
});

test('R-10: the NIC that carries the node’s address is refused, and says why', async () => {
  for (const uplink of [[], ['--uplink', 'eno1']]) {
    const refused = await lab().kctl(
      'create',
      'network',
      'cut',
      '--type',
      'bridge',
      '--target-node',
      'node-1',
      ...uplink,
    );
    expect([refused.code, refused.stderr]).toEqual([4, expect.stringMatching(/FailedPrecondition: .*eno1/)]);
  }
  expect(await exists(node(), 'kbr-cut')).toBe(false);
  await ping(node(), '192.168.40.1');
});

test('R-31: the NIC is free again when the network is gone', async () => {
  await lab().ok('delete', 'vm', 'edge-01');
  await lab().ok('delete', 'network', 'lan');
  await eventually(async () => {
    expect(await exists(node(), 'kbr-lan')).toBe(false);
    const [link] = await witness(node(), 'ip', '-j', 'link', 'show', 'eno2');
    expect(link.master).toBeUndefined();
  });
});
