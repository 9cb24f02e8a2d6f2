import { test } from 'vitest';
import { compile } from '../compile/compile.ts';
import { plan } from './plan.ts';
import { describe } from './describe.ts';
import { writeFileSync } from 'node:fs';
import * as f from '../../test/support/node-fixture.ts';
test('x', () => {
  const s = f.spec(
    f.natNetwork('default', '10.240.0.1', { forwards: [{protocol:'tcp', port: 8080, address:'10.240.0.100', targetPort: 80}]}), f.vm('web-01', f.vmNic('web-01', 0, 'default', '10.240.0.100')),
    f.vxlanNetwork('private', '10.250.0.1', 14416), f.peer('private', 'node-2', '192.168.40.102'), f.remoteBinding('private', 'web-02', '10.250.0.2', '192.168.40.102'),
    f.vm('db', f.vmNic('db', 0, 'private', '10.250.0.3')),
    f.natNetwork('vlan-net', '10.100.0.1', { vlanId: 100, externalIp: '192.168.100.10', externalGateway: '192.168.100.1' }),
    f.bridgeNetwork('lan', { uplink: 'eno2' }), f.vm('br', f.vmNic('br', 0, 'lan')),
  );
  const d = compile(s, f.host, f.node, f.attachmentsOf(s));
  writeFileSync('/tmp/w/describe.txt', describe(plan(d.state, new Map())) + '\n' + JSON.stringify([...d.networks], null, 1) + JSON.stringify(d.dhcp, null, 1));
});
