import { test } from 'vitest';
import { links, openConnection } from '/work/main/packages/netlink/src/index.ts';
import { testNamespace } from '/work/main/packages/netlink/test/kernel/namespace.ts';
test('x', async () => {
  await using ns = await testNamespace('dbg');
  await using c = await openConnection({ protocol: 0, netns: ns.path, trace: (t) => console.log(JSON.stringify(t, (k, v) => typeof v === 'bigint' ? String(v) : v instanceof Uint8Array ? Buffer.from(v).toString('hex').slice(0, 200) : v)) });
  console.log(await c.request(links.create({ kind: 'vxlan', name: 'vx1', data: { vni: 1, port: 4789, local: '192.0.2.1' } })));
});
