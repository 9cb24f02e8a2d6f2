import { expect, it } from 'vitest';
import { openTap } from '../../src/packet/tap.ts';
import { ip, ipJson, Namespaces } from './namespaces.ts';

async function infoOf(netns: string, name: string): Promise<Record<string, unknown> | undefined> {
  const seen = (await ipJson(netns, 'link')).find((link) => link['ifname'] === name);
  return (seen?.['linkinfo'] as { readonly info_data?: Record<string, unknown> } | undefined)?.info_data;
}

it('keeps owner, group, header and queues, as `ip` sees them', async () => {
  await using namespaces = new Namespaces();
  const { path, name } = await namespaces.create('tap');
  await using tap = await openTap({
    name: 'tap0',
    owner: 64_321,
    group: 64_322,
    vnetHeader: true,
    vnetHeaderSize: 12,
    multiQueue: true,
    netns: path,
  });
  expect(tap.descriptor).toBeGreaterThan(2);
  expect(await infoOf(name, 'tap0')).toMatchObject({
    type: 'tap',
    vnet_hdr: true,
    multi_queue: true,
    user: 64_321,
    group: 64_322,
    persist: false,
  });
  await using _second = await openTap({ name: 'tap0', vnetHeader: true, multiQueue: true, netns: path });
  expect(await infoOf(name, 'tap0')).toMatchObject({ numqueues: 2 });
});

it('lets a tap stay, finds it again, and takes it away', async () => {
  await using namespaces = new Namespaces();
  const { path, name } = await namespaces.create('keep');
  const made = await openTap({ name: 'tap0', netns: path });
  await made.persist();
  expect(made.descriptor).toBe(-1);
  await expect(made.persist()).rejects.toThrow(/it is closed/);
  expect(await infoOf(name, 'tap0')).toMatchObject({ persist: true });
  const again = await openTap({ name: 'tap0', netns: path });
  await again.remove();
  expect(await infoOf(name, 'tap0')).toBeUndefined();
});

it('names what stands in the way', async () => {
  await using namespaces = new Namespaces();
  const { path, name } = await namespaces.create('errors');
  await ip(name, 'link', 'add', 'br0', 'type', 'bridge');
  await using _held = await openTap({ name: 'tap0', netns: path });
  await expect(openTap({ name: 'tap0', netns: path })).rejects.toThrow(/open tap tap0: EBUSY \(another program holds/);
  await expect(openTap({ name: 'tap0', multiQueue: true, netns: path })).rejects.toThrow(/EINVAL|EBUSY/);
  await expect(openTap({ name: 'br0', netns: path })).rejects.toThrow(/open tap br0: E(INVAL|BUSY) \(/);
  await expect(openTap({ name: 'a-name-of-16-byte', netns: path })).rejects.toMatchObject({ code: 'ENAMETOOLONG' });
  await expect(openTap({ name: '', netns: path })).rejects.toThrow(RangeError);
  await expect(openTap({ name: 'tap1', vnetHeaderSize: 12, netns: path })).rejects.toThrow(/no header/);
});
