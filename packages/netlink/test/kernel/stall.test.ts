import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { openConnection } from '../../src/connection/open.ts';
import { links } from '../../src/rtnl/link/requests.ts';
import { NETLINK_ROUTE } from '../../src/uapi/netlink.ts';
import { Namespaces, scale } from './namespaces.ts';

const run = promisify(execFile);

it('keeps the event loop turning while sendmsg waits behind a long deletion of somebody else', async () => {
  await using namespaces = new Namespaces();
  const { path, name } = await namespaces.create('stall');
  const other = await namespaces.create('stalled');
  await using mine = await openConnection({ protocol: NETLINK_ROUTE, netns: other.path });
  await using theirs = await openConnection({ protocol: NETLINK_ROUTE, netns: path });
  const bridges = Array.from({ length: 40 * scale() }, (_, n) =>
    links.create({ kind: 'bridge', name: `b${n}`, group: 77 }),
  );
  await theirs.batch(bridges);
  let ended = false;
  // Another process holds RTNL for as long as it takes the kernel to delete them all.
  const deletion = run('ip', ['-n', name, 'link', 'delete', 'group', '77']).then(() => {
    ended = true;
  });
  let turns = 0;
  const timer = setInterval(() => {
    turns += 1;
  }, 1);
  let most = 0;
  while (!ended) {
    const before = turns;
    await mine.batch([links.create({ kind: 'bridge', name: 'mine' }), links.delete({ name: 'mine' })]);
    most = Math.max(most, turns - before);
  }
  await deletion;
  clearInterval(timer);
  // One request waited for as long as all of them are deleted in; a loop that waits with it turns once, when it is over.
  expect(most).toBeGreaterThan(10);
});
