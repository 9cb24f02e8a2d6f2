import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { ValueError } from '../../src/codec/error.ts';
import { openTap } from '../../src/packet/tap.ts';
import { addonPath } from './addon-path.ts';
import { collectGarbage } from './garbage.ts';
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

it.each([0, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe])('takes %d as owner and group', async (id) => {
  await using namespaces = new Namespaces();
  const { path, name } = await namespaces.create('ids');
  await using _tap = await openTap({ name: 'tap0', owner: id, group: id, netns: path });
  // `ip` tells the name of an id that has one.
  const { user, group } = (await infoOf(name, 'tap0')) ?? {};
  expect([user, group]).toEqual(id === 0 ? ['root', 'root'] : [id, id]);
});

it('tells no owner and no group where none is given', async () => {
  await using namespaces = new Namespaces();
  const { path, name } = await namespaces.create('noids');
  await using _tap = await openTap({ name: 'tap0', netns: path });
  const info = await infoOf(name, 'tap0');
  expect(info).not.toHaveProperty('user');
  expect(info).not.toHaveProperty('group');
});

it.each(
  (['owner', 'group', 'vnetHeaderSize'] as const).flatMap((field) =>
    [2 ** 32, 2 ** 32 - 1, 2 ** 33, -1, 1.5, Number.NaN].map((value) => [field, value] as const),
  ),
)('refuses %s %d, and makes nothing', async (field, value) => {
  await using namespaces = new Namespaces();
  const { path, name } = await namespaces.create('bad');
  const attempt = openTap({ name: 'tap0', vnetHeader: true, [field]: value, netns: path });
  await expect(attempt).rejects.toThrow(ValueError);
  await expect(attempt).rejects.toThrow(`${field}: ${value} is not an integer from`);
  expect(await infoOf(name, 'tap0')).toBeUndefined();
});

it('goes with an object that was forgotten', async () => {
  await using namespaces = new Namespaces();
  const { path, name } = await namespaces.create('forgotten');
  await (async () => openTap({ name: 'tap0', netns: path }))();
  expect(await infoOf(name, 'tap0')).toBeDefined();
  while ((await infoOf(name, 'tap0')) !== undefined) collectGarbage();
});

it('goes with the worker that holds it', async () => {
  await using namespaces = new Namespaces();
  const { path, name } = await namespaces.create('worker');
  const source = `
    const { parentPort, workerData } = require('node:worker_threads');
    const numbers = Int32Array.of(0x1002, 0, 0, 0, 0);
    require(workerData.addon)
      .task('openTap', workerData.path, 'tap0', numbers, new Int32Array(0))
      .then((tap) => { globalThis.tap = tap; parentPort.postMessage(tap[0]); setInterval(() => {}, 1000); });`;
  const worker = new Worker(source, { eval: true, workerData: { addon: addonPath, path } });
  expect(await once(worker, 'message')).toEqual([0]);
  expect(await infoOf(name, 'tap0')).toBeDefined();
  await worker.terminate();
  expect(await infoOf(name, 'tap0')).toBeUndefined();
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
  await expect(openTap({ name: 'tap1\0x', netns: path })).rejects.toThrow('without a zero');
  await expect(openTap({ name: 'tap1', vnetHeaderSize: 12, netns: path })).rejects.toThrow(/no header/);
});
