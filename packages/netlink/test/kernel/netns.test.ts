import { execFileSync } from 'node:child_process';
import { open, readFile, readlink } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { openConnection } from '../../src/connection/open.ts';
import { SystemError } from '../../src/error.ts';
import { createNetns, deleteNetns, listNetns, NETNS_DIRECTORY, netnsPath } from '../../src/netns.ts';
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
  await expect(() => readNetSysctl(['ipv4', '..', 'forwarding'], path)).rejects.toThrow(/not part of a sysctl/);
});

it('reads and writes numbers beyond 32 bits exactly', async () => {
  await using namespaces = new Namespaces();
  const { path } = await namespaces.create('wide');
  const threshold = ['ipv4', 'ipfrag_high_thresh'];
  for (const value of [5_000_000_000, 4_194_304]) {
    await writeNetSysctl(threshold, value, path);
    expect(await readNetSysctl(threshold, path)).toBe(value);
  }
  await writeNetSysctl(['ipv4', 'conf', 'lo', 'tag'], -2_147_483_648, path);
  expect(await readNetSysctl(['ipv4', 'conf', 'lo', 'tag'], path)).toBe(-2_147_483_648);
});

it.each([1.7, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])('writes %d to no sysctl', async (value) => {
  await using namespaces = new Namespaces();
  const { path } = await namespaces.create('exact');
  await writeNetSysctl(['ipv4', 'conf', 'lo', 'tag'], 7, path);
  await expect(writeNetSysctl(['ipv4', 'conf', 'lo', 'tag'], value, path)).rejects.toThrow(
    `value: ${value} is not an integer from`,
  );
  expect(await readNetSysctl(['ipv4', 'conf', 'lo', 'tag'], path)).toBe(7);
});

it('says that a sysctl is no integer, or does not take one', async () => {
  await using namespaces = new Namespaces();
  const { path } = await namespaces.create('words');
  await expect(readNetSysctl(['ipv4', 'ip_local_port_range'], path)).rejects.toThrow(
    'read /proc/sys/net/ipv4/ip_local_port_range: "32768\\t60999" is not one integer',
  );
  await expect(readNetSysctl(['ipv4', 'tcp_congestion_control'], path)).rejects.toThrow('is not one integer');
  await expect(writeNetSysctl(['ipv4', 'conf', 'lo', 'tag'], 2 ** 40, path)).rejects.toThrow(
    /^write 1099511627776 to \S+\/tag: EINVAL \(the setting does not take that value\)$/,
  );
});

it('makes one of those that many ask for at once, and mounts the directory no second time', async () => {
  const name = `kct-${process.pid}-race`;
  await createNetns(`${name}-first`);
  const mounts = async (): Promise<number> => {
    const lines = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n');
    return lines.filter((line) => line.split(' ')[4] === NETNS_DIRECTORY).length;
  };
  const before = await mounts();
  try {
    const results = await Promise.allSettled(Array.from({ length: 16 }, () => createNetns(name)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of results) if (result.status === 'rejected') expect(result.reason.code).toBe('EEXIST');
    expect(await mounts()).toBe(before);
    expect(await ip(name, 'link', 'show')).toContain('lo:');
  } finally {
    await deleteNetns(name);
    await deleteNetns(`${name}-first`);
  }
});

it('deletes what iproute2 made, and leaves to iproute2 what it can delete', async () => {
  const name = `kct-${process.pid}-theirs`;
  execFileSync('ip', ['netns', 'add', name]);
  expect(await listNetns()).toContain(name);
  await deleteNetns(name);
  expect(execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' })).not.toContain(name);
  await createNetns(name);
  execFileSync('ip', ['netns', 'delete', name]);
  expect(await listNetns()).not.toContain(name);
});

it("opens sockets in the namespace of a descriptor, which stays the caller's", async () => {
  await using namespaces = new Namespaces();
  const { path, name } = await namespaces.create('fd');
  const file = await open(path);
  await using connection = await openConnection({ protocol: NETLINK_ROUTE, netns: file.fd });
  await connection.request(links.create({ kind: 'bridge', name: 'by-fd' }));
  expect(await ip(name, 'link', 'show')).toContain('by-fd');
  expect((await file.stat()).isFile()).toBe(true);
  await file.close();
  await expect(openConnection({ protocol: NETLINK_ROUTE, netns: -1 })).rejects.toThrow(RangeError);
  await expect(openConnection({ protocol: NETLINK_ROUTE, netns: 'relative' })).rejects.toThrow(/not an absolute path/);
});

it('says that a file is no namespace', async () => {
  const error = await openConnection({ protocol: NETLINK_ROUTE, netns: '/etc/hostname' }).catch((e: unknown) => e);
  expect(String(error)).toMatch(/enter network namespace \/etc\/hostname: EINVAL \(this is no network namespace/);
});

it('says which path is missing', async () => {
  const error = await openConnection({ protocol: NETLINK_ROUTE, netns: netnsPath('kct-missing') }).catch(
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(SystemError);
  expect((error as SystemError).code).toBe('ENOENT');
  expect((error as SystemError).message).toMatch(/enter network namespace \/run\/netns\/kct-missing: ENOENT/);
});
