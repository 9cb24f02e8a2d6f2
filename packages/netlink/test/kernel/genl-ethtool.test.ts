import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Connection } from '../../src/connection/connection.ts';
import { openConnection } from '../../src/connection/open.ts';
import { genlFamilies } from '../../src/genl/controller.ts';
import { type EthtoolEvent, type EthtoolRequests, ethtool } from '../../src/genl/ethtool/ethtool.ts';
import { FEATURE_NAMES, featuresOf } from '../../src/genl/ethtool/features.ts';
import { openFamily, openFamilyMonitor, readGenlEvent } from '../../src/genl/family.ts';
import { NETLINK_GENERIC } from '../../src/uapi/genetlink.ts';
import { ip } from '../link-rows.ts';
import { type TestNamespace, testNamespace } from './namespace.ts';

let ns: TestNamespace;
let connection: Connection;
let requests: EthtoolRequests;
const link = { name: 'eth' } as const;

beforeAll(async () => {
  ns = await testNamespace('genl');
  connection = await openConnection({ protocol: NETLINK_GENERIC, netns: ns.path });
  requests = await openFamily(connection, ethtool);
  // veth has channels and features, tap has coalescing and link modes.
  ip(ns.name, 'link', 'add', 'eth', 'numtxqueues', '4', 'numrxqueues', '4', 'type', 'veth', 'peer', 'name', 'eth-peer');
  ip(ns.name, 'tuntap', 'add', 'dev', 'tap0', 'mode', 'tap');
});
afterAll(async () => {
  await connection[Symbol.asyncDispose]();
  await ns[Symbol.asyncDispose]();
});

type Json = Readonly<Record<string, unknown>>;

function shown(option: string, name: string): Json {
  const [first] = ns.json<Json[]>('ethtool', '--json', option, name);
  if (first === undefined) throw new Error(`ethtool shows nothing of ${name}`);
  return first;
}

describe('families', () => {
  test('by name: number, groups and operations, as genl(8) shows them', async () => {
    const family = await connection.request(genlFamilies.get('ethtool'));
    const text = ns.run('genl', 'ctrl', 'get', 'name', 'ethtool');
    expect(text).toContain(`ID: 0x${family?.id?.toString(16)} `);
    expect(family).toMatchObject({ name: 'ethtool', version: 1, headerSize: 0 });
    for (const group of family?.groups ?? [])
      expect(text).toContain(`ID-0x${group.id?.toString(16)}  name: ${group.name}`);
    expect(family?.groups?.map(({ name }) => name)).toEqual(['monitor']);
    expect(family?.operations?.length).toBe([...text.matchAll(/#\d+: +ID-0x[0-9a-f]+ *\n/g)].length);
    expect(family?.operations?.find(({ command }) => command === 1)?.flags).toMatchObject({ do: true, dump: true });
  });

  test('all of them', async () => {
    const { items } = await connection.dump(genlFamilies.list());
    const names = [...ns.run('genl', 'ctrl', 'list').matchAll(/^Name: (\S+)/gm)].map(([, name]) => name);
    expect(items.map(({ name }) => name).sort()).toEqual(names.sort());
  });

  test('one that is not there is named, with what to do', async () => {
    const nowhere = { ...ethtool, name: 'kct-nowhere' };
    await expect(openFamily(connection, nowhere)).rejects.toThrow(
      /get generic netlink family kct-nowhere: ENOENT: .*module is missing/,
    );
    const wrong = openFamilyMonitor(connection, ethtool, { group: 'nobody', netns: ns.path });
    await expect(wrong).rejects.toThrow('has no group nobody; there are monitor');
  });
});

describe('features', () => {
  test('by name, active and changeable, as ethtool(8) shows them', async () => {
    const value = await connection.request(requests.get('features', link));
    const features = featuresOf(value ?? {});
    const legacy = /checksumming|^scatter-gather$|^tcp-segmentation-offload$|segmentation-offload$|receive-offload$/;
    const json = Object.entries(shown('-k', 'eth')).filter(([name]) => name !== 'ifname' && !legacy.test(name));
    expect(json.length).toBeGreaterThan(40);
    for (const [name, told] of json) {
      const { active, fixed } = told as { active: boolean; fixed: boolean | null };
      // ethtool has other names for some; those are compared by the ones below.
      const feature = features.get(name);
      if (feature === undefined) continue;
      expect([name, feature.active, !feature.changeable]).toEqual([name, active, fixed === true]);
    }
    expect(features.get('tx-checksum-ip-generic')).toEqual({ active: true, wanted: true, changeable: true });
    expect(value?.unknown).toBeUndefined();
  });

  test('switched off and on, as ethtool(8) shows then; what does not come is told', async () => {
    const off = { 'tx-scatter-gather': false, 'tx-tcp-segmentation': false };
    expect(await connection.request(requests.changeFeatures(link, off))).toEqual([]);
    expect(shown('-k', 'eth')).toMatchObject({
      'tx-scatter-gather': { active: false },
      'tx-tcp-segmentation': { active: false },
    });
    // Segmentation needs scatter-gather, which is off: wanted, and not there.
    const on = { 'tx-tcp-segmentation': true };
    expect(await connection.request(requests.changeFeatures(link, on))).toEqual(['tx-tcp-segmentation']);
    const value = await connection.request(requests.get('features', link));
    expect(featuresOf(value ?? {}).get('tx-tcp-segmentation')).toMatchObject({ active: false, wanted: true });
    ns.run('ethtool', '-K', 'eth', 'tx-scatter-gather', 'on');
    const after = await connection.request(requests.get('features', link));
    expect(featuresOf(after ?? {}).get('tx-tcp-segmentation')).toMatchObject({ active: true, wanted: true });
    expect(shown('-k', 'eth')).toMatchObject({ 'tx-tcp-segmentation': { active: true } });
    await expect(connection.request(requests.changeFeatures(link, { 'no-such': true }))).rejects.toMatchObject({
      attribute: expect.stringContaining('wanted'),
    });
    expect(() => requests.changeFeatures(link, {})).toThrow('none is named');
  });

  test('in the compact form, with the names from the strings of the kernel', async () => {
    const [long, compact] = await Promise.all([
      connection.request(requests.get('features', link)),
      connection.request(requests.get('features', link, { compactBitsets: true })),
    ]);
    const names = await connection.request(requests.strings(FEATURE_NAMES));
    expect(compact?.active).toMatchObject({ compact: true, list: true, size: long?.active?.size });
    expect(compact?.active?.bits.every(({ name }) => name === undefined)).toBe(true);
    expect(featuresOf(compact ?? {}, names)).toEqual(featuresOf(long ?? {}));
  });
});

describe('other topics', () => {
  test('channels: changed by us and by ethtool(8)', async () => {
    await connection.request(requests.change('channels', link, { rx: 3, tx: 2 }));
    expect(ns.run('ethtool', '-l', 'eth')).toMatch(/Current hardware settings:\nRX:\t\t3\nTX:\t\t2\n/);
    ns.run('ethtool', '-L', 'eth', 'rx', '4');
    expect(await connection.request(requests.get('channels', link))).toMatchObject({
      rx: 4,
      tx: 2,
      rxMax: 4,
      txMax: 4,
    });
    await expect(connection.request(requests.change('channels', link, { rx: 99 }))).rejects.toMatchObject({
      code: 'EINVAL',
      attribute: 'rx',
    });
  });

  test('coalescing: changed by us and by ethtool(8)', async () => {
    const tap = { name: 'tap0' };
    await connection.request(requests.change('coalesce', tap, { rxMaxFrames: 17 }));
    expect(ns.run('ethtool', '-c', 'tap0')).toContain('rx-frames: 17\n');
    ns.run('ethtool', '-C', 'tap0', 'rx-frames', '9');
    expect(await connection.request(requests.get('coalesce', tap))).toMatchObject({ rxMaxFrames: 9 });
  });

  test('link modes and link state', async () => {
    ns.run('ethtool', '-s', 'tap0', 'speed', '2500', 'duplex', 'half', 'autoneg', 'off');
    expect(await connection.request(requests.get('linkModes', { name: 'tap0' }))).toMatchObject({
      speed: 2500,
      duplex: 0,
      autonegotiation: false,
    });
    expect(await connection.request(requests.get('linkState', link))).toMatchObject({ link: false });
    for (const name of ['eth', 'eth-peer']) ip(ns.name, 'link', 'set', name, 'up');
    expect(await connection.request(requests.get('linkState', link))).toMatchObject({ link: true });
    expect(ns.run('ethtool', 'eth')).toContain('Link detected: yes');
    expect(await connection.request(requests.get('linkInfo', { name: 'tap0' }))).toMatchObject({ port: 0 });
  });

  test('of all links at once; one that the driver does not have is refused', async () => {
    const { items } = await connection.dump(requests.list('linkState'));
    const names = ns.json<{ ifname: string }[]>('ip', '-j', 'link').map(({ ifname }) => ifname);
    expect(items.map(({ header }) => header?.name).sort()).toEqual(names.sort());
    await expect(connection.request(requests.get('pause', link))).rejects.toMatchObject({
      code: 'EOPNOTSUPP',
      operation: 'get pause of link eth',
    });
    await expect(connection.request(requests.get('rings', { name: 'nope' }))).rejects.toMatchObject({ code: 'ENODEV' });
    expect(() => requests.get('rings', { index: 0 })).toThrow('index');
  });
});

test('a monitor tells of what ethtool(8) changes, by topic', async () => {
  await using monitor = await openFamilyMonitor(connection, ethtool, { group: 'monitor', netns: ns.path });
  ns.run('ethtool', '-L', 'eth', 'rx', '1');
  ns.run('ethtool', '-K', 'eth', 'tx-scatter-gather', 'off');
  const events: EthtoolEvent[] = [];
  for await (const item of monitor) {
    const event = item.type === 'message' ? readGenlEvent(ethtool, item.message) : undefined;
    if (event !== undefined) events.push(event);
    if (event?.topic === 'features') break;
  }
  expect(events[0]).toMatchObject({ topic: 'channels', value: { header: { name: 'eth' }, rx: 1 } });
  const features = events.at(-1);
  expect(features).toMatchObject({ topic: 'features', value: { header: { name: 'eth' } } });
  if (features?.topic !== 'features') throw new Error('not of features');
  const names = await connection.request(requests.strings(FEATURE_NAMES));
  expect(featuresOf(features.value, names).get('tx-scatter-gather')).toMatchObject({ active: false });
});
