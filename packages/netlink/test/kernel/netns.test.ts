import { readlink } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { openConnection } from '../../src/connection/open.ts';
import { SystemError } from '../../src/error.ts';
import { createNetns, deleteNetns, listNetns, netnsPath } from '../../src/netns.ts';
import { links } from '../../src/rtnl/link/requests.ts';
import { readNetSysctl, writeNetSysctl } from '../../src/sysctl.ts';
import { NETLINK_ROUTE } from '../../src/uapi/netlink.ts';
import { ip, Namespaces } from './namespaces.ts';

it('makes namespaces that iproute2 can use, and takes them away again', async () => {
  const name = `kct-${process.pid}-named`;
  await createNetns(name);
  expect(await listNetns()).toContain(name);
  expect(await ip(name, 'link', 'show')).toContain('lo:');
  await expect(createNetns(name)).rejects.toMatchObject({ code: 'EEXIST' });
  await deleteNetns(name);
  expect(await listNetns()).not.toContain(name);
  await expect(deleteNetns(name)).resolves.toBeUndefined();
});

it('leaves the namespace of this process, and of each of its threads, as it was', async () => {
  const before = await readlink('/proc/self/ns/net');
  await using namespaces = new Namespaces();
  const { path } = await namespaces.create('own');
  await using connection = await openConnection({ protocol: NETLINK_ROUTE, netns: path });
  await connection.request(links.create({ kind: 'bridge', name: 'kct-here' }));
  expect(await readlink('/proc/self/ns/net')).toBe(before);
  await using own = await openConnection({ protocol: NETLINK_ROUTE });
  const { items } = await own.dump(links.list());
  expect(items.map(({ name }) => name)).not.toContain('kct-here');
});

it('forgets a private namespace with its socket', async () => {
  await using first = await openConnection({ protocol: NETLINK_ROUTE, netns: { private: true } });
  await first.request(links.create({ kind: 'bridge', name: 'kct-secret' }));
  await using second = await openConnection({ protocol: NETLINK_ROUTE, netns: { private: true } });
  expect((await second.dump(links.list())).items.map(({ name }) => name)).toEqual(['lo']);
});

it('reads and writes sysctls of a namespace', async () => {
  await using namespaces = new Namespaces();
  const { path, name } = await namespaces.create('sysctl');
  expect(await readNetSysctl(['ipv4', 'conf', 'lo', 'forwarding'], path)).toBe(0);
  await writeNetSysctl(['ipv4', 'conf', 'lo', 'forwarding'], 1, path);
  expect(await readNetSysctl(['ipv4', 'conf', 'lo', 'forwarding'], path)).toBe(1);
  expect(await ip(name, '-j', 'netconf', 'show', 'dev', 'lo').catch(() => '')).toBeDefined();
  await expect(readNetSysctl(['ipv4', 'conf', 'nope', 'forwarding'], path)).rejects.toMatchObject({ code: 'ENOENT' });
  expect(() => readNetSysctl(['ipv4', '..', 'forwarding'], path)).rejects.toThrow(/not part of a sysctl/);
});

it('says which path is missing', async () => {
  const error = await openConnection({ protocol: NETLINK_ROUTE, netns: netnsPath('kct-missing') }).catch(
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(SystemError);
  expect((error as SystemError).code).toBe('ENOENT');
});
