import { expect, test } from 'vitest';
import { Kcore } from '../conformance/kcore.ts';
import { inNamespace } from '../conformance/process.ts';
import { Stage } from '../conformance/stage.ts';

test('R-12: a client behind a tagged port of the bridge has a lease; one without the tag hears nothing', async () => {
  await using stage = await Stage.open('vlan', (place) => new Kcore(place));
  const far = await stage.namespace('far');
  await stage.server(
    `ip link add trunk type veth peer name eth0 netns ${far}
     ip link set dev trunk up
     ip link add link trunk name trunk.100 type vlan id 100
     ip link set dev trunk.100 master br0 up`,
  );
  await inNamespace(
    far,
    `ip link set dev eth0 up
     ip link add link eth0 name eth0.100 type vlan id 100
     ip link set dev eth0.100 address 52:54:00:00:00:0a up`,
  );
  await stage.serve();
  const tagged = await stage.listen(far, 'eth0.100');
  const untagged = await stage.listen(far, 'eth0');
  await untagged.say({ type: 'discover', mac: '52:54:00:00:00:0b' });
  const lease = await tagged.lease('52:54:00:00:00:0a');
  expect(lease?.address).toMatch(/^10\.78\.0\.1\d\d$/);
  expect(untagged.frames.filter(({ message }) => message.mac === '52:54:00:00:00:0b')).toEqual([]);
});
