import { describe, expect, it } from 'vitest';
import { embed } from '../../../examples/embed-agent.ts';
import { memoryHost } from './support/rig.ts';

describe('examples/embed-agent.ts', () => {
  it('gives a guest of other software its port, with what guards it, before it starts', async () => {
    const kernel = memoryHost();
    const done = await embed(kernel);
    expect(kernel.host.resources.get('link tap-0b9d9f06')).toMatchObject({
      type: 'tap',
      master: 'kbr-private',
      mtu: 1450,
    });
    expect(done).toContain('ip tuntap add dev tap-0b9d9f06 mode tap');
    expect(done).toContain('bridge fdb append 00:00:00:00:00:00 dev vxlan14416 dst 192.168.40.102');
  });
});
