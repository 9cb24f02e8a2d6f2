import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { it } from 'vitest';
import type { WatchSource } from '../../src/watch/source.ts';
import { sources } from '../../src/watch/sources.ts';
import { bridgeWithPorts, mac, mirrored } from './mirrored.ts';
import { ip, Namespaces, scale } from './namespaces.ts';

const run = promisify(execFile);

/** One of these words. */
const of = (...words: readonly string[]) => fc.constantFrom(...words);
const n = fc.integer({ min: 1, max: 3 });
const someMac = n.map(mac);
const verb = of('add', 'replace', 'del', 'change');

/** `command(…)` with what stands in for each word that varies. */
function command(
  strings: TemplateStringsArray,
  ...words: readonly fc.Arbitrary<string | number>[]
): fc.Arbitrary<string> {
  return fc.tuple(...words).map((chosen) => strings.reduce((text, part, at) => `${text}${chosen[at - 1]}${part}`));
}

/** What somebody may do to a host; much of it fails, as what it is about is not there. */
const anything = fc.oneof(
  command`bridge fdb ${verb} ${someMac} dev ${of('p1', 'p2')} master ${of('static', 'dynamic')}`,
  command`bridge fdb ${verb} ${someMac} dev br0 self`,
  command`bridge fdb ${of('append', 'replace', 'del')} ${of(mac(1), '00:00:00:00:00:00', '33:33:00:00:00:09')} dev vx dst 192.0.2.${n}`,
  command`bridge mdb ${verb} dev br0 port ${of('p1', 'p2')} grp 239.1.1.${n} ${of('permanent', 'temp')}`,
  command`ip link set ${of('p1', 'p2', 'vx')} ${of('master br0', 'master br9', 'nomaster')}`,
  command`ip link set ${of('p1', 'p2', 'br0', 'br9')} address ${someMac}`,
  command`ip link set ${of('p1', 'p2', 'q1', 'vx', 'br0')} ${of('up', 'up', 'down')}`,
  command`ip link ${of('add t0 type veth peer name t1', 'set t0 up master br0', 'set t1 up', 'delete t0')}`,
  command`ip link set ${of('q1 name zz', 'zz name q1')}`,
  command`ip link set br0 type bridge fdb_flush`,
  command`ip neigh ${verb} 10.0.0.${n} dev ${of('br0', 'p1')} lladdr ${someMac} nud ${of('stale', 'noarp', 'permanent', 'reachable', 'failed', 'delay')}`,
  command`ip neigh flush dev ${of('br0', 'p1')}`,
  command`ip address ${verb} 10.0.0.${n}/${of('24', '16')} dev ${of('br0', 'q1')}`,
  command`ip address ${verb} 10.0.0.1 peer 10.7.0.${n}/32 dev br0`,
  command`ip address ${verb} fd00::${n} peer fd00::9${n}/${of('64', '128')} dev br0 nodad`,
  command`ip address flush dev br0`,
  command`ip nexthop ${verb} id ${n} via 10.0.0.9 dev br0`,
  command`ip nexthop ${verb} id 9 group ${n}/4`,
  command`ip route ${verb} 10.9.${n}.0/24 ${of('via 10.0.0.9 dev br0', 'dev q1', 'nhid 1')}`,
  command`ip rule ${of('add', 'del')} ${of('iif q1', 'oif zz', 'from 10.0.0.0/8')} table 5${n}`,
);

const kinds = ['addresses', 'fdb', 'mdb', 'neighbours', 'nexthops', 'routes', 'rules'] as const;

it.each(kinds)('whatever is done, a watcher has the %s that the kernel has', async (kind) => {
  await using namespaces = new Namespaces();
  const { path, name } = await namespaces.create('anything');
  await bridgeWithPorts(name);
  await ip(name, 'link', 'add', 'vx', 'up', 'type', 'vxlan', 'id', '5', 'dstport', '4789');
  await ip(name, 'link', 'add', 'br9', 'up', 'type', 'bridge');
  await using mirror = await mirrored(sources[kind] as unknown as WatchSource<object>, path);
  await fc.assert(
    fc.asyncProperty(fc.array(anything, { minLength: 20, maxLength: 20 }), async (commands) => {
      // What fails is part of it.
      await run('ip', ['netns', 'exec', name, 'sh', '-c', `${commands.join('; ')}; true`]);
      await mirror.agree();
    }),
    // What was done before counts, too, so that shrinking would be in vain.
    { numRuns: 4 * scale(), endOnFailure: true },
  );
});
