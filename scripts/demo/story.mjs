import { bold } from '../setup/steps.mjs';
import { DemoError, fetchFrom, holds, inNamespace, kctl, show } from './shell.mjs';

/** What the demo shows, in its order. Every step must hold, or the demo ends red. */

/** A host of the lab's outside; its port 80 answers with the address a connection came from. */
const OUTSIDE = '203.0.113.10';

const createPrivate = [
  ...['create', 'network', 'private', '--external-ip', '192.168.40.105', '--gateway-ip', '10.250.0.1'],
  ...['--internal-netmask', '255.255.255.0', '--type', 'vxlan'],
];
const createWeb = [
  ...['create', 'network', 'web', '--type', 'nat', '--external-ip', '192.168.40.101', '--gateway-ip', '10.100.0.1'],
  ...['--internal-netmask', '255.255.255.0', '--target-node', 'node-1'],
];
const createVm = (name, network, ...more) => [
  ...['create', 'vm', name, '--network', network, '--image', 'ubuntu-24.04', '--cpus', '2', '--memory', '4096'],
  ...more,
];

async function vmView(lab, vm) {
  return JSON.parse(await kctl(lab, ['get', 'vm', vm, '-o', 'json']));
}

function runs(lab, vm) {
  return holds(`guest ${vm} runs`, async () => {
    const view = await vmView(lab, vm);
    if (view.status.state !== 'running') throw new DemoError(`VM ${vm} is ${view.status.state}`);
    return `${view.status.nics[0].address} on ${view.status.node}`;
  });
}

/** What the outside says of a connection from this guest: the address it came from. */
function reachesOutside(lab, vm) {
  return holds(`${vm} reaches the outside through NAT`, async () => {
    return fetchFrom(`kcl-${lab}-vm-${vm}`, OUTSIDE, 80);
  });
}

function pings(lab, vm, title, target, more = []) {
  return holds(title, async () => {
    const command = ['-c', '3', '-i', '0.2', '-W', '2', ...more, target];
    const output = await inNamespace(`kcl-${lab}-vm-${vm}`, 'ping', command);
    return /\d+ received, \d+% packet loss/.exec(output)?.[0] ?? output;
  });
}

export async function overlay(lab) {
  console.log(`\n${bold('An overlay across the nodes')}`);
  await show(lab, createPrivate);
  await show(lab, createVm('web-01', 'private', '--node', 'node-1'));
  await show(lab, createVm('web-02', 'private', '--node', 'node-2'));
  console.log();
  await runs(lab, 'web-01');
  await runs(lab, 'web-02');
  const peer = (await vmView(lab, 'web-02')).status.nics[0].address;
  const whole = ['-M', 'do', '-s', '1422'];
  await pings(lab, 'web-01', 'web-01 on node-1 pings web-02 on node-2, with whole packets of 1,450 bytes', peer, whole);
  await pings(lab, 'web-01', 'web-01 pings its gateway, which is on every node', '10.250.0.1');
  await reachesOutside(lab, 'web-01');
}

export async function nat(lab) {
  console.log(`\n${bold('A NAT network, with DHCP and a port from outside')}`);
  await show(lab, createWeb);
  await show(lab, createVm('api-01', 'web'));
  console.log();
  await runs(lab, 'api-01');
  await holds('api-01 got its address by DHCP', async () => {
    const { items } = JSON.parse(await kctl(lab, ['get', 'leases', '-o', 'json']));
    const found = items.find(({ status }) => status.vm === 'api-01');
    if (found === undefined) throw new DemoError('there is no lease for api-01');
    return found.status.address;
  });
  await reachesOutside(lab, 'api-01');
  await show(lab, ['apply', '-f', 'examples/manifests/web.yaml']);
  console.log();
  await holds('the outside reaches api-01 by 192.168.40.101:8080', async () => {
    return fetchFrom(`kcl-${lab}-world`, '192.168.40.101', 8080);
  });
}

export async function tables(lab) {
  console.log(`\n${bold('What there is now')}`);
  await show(lab, ['get', 'networks']);
  await show(lab, ['get', 'vms']);
  await show(lab, ['get', 'leases']);
  await show(lab, ['describe', 'network', 'private']);
}

/** Somebody's hand: the overlay's device is deleted on a node, and is back with all that fell with it. */
export async function repair(lab) {
  console.log(`\n${bold('Somebody breaks it by hand')}`);
  await holds('node-1 loses its vxlan device (ip link del vxlan14416)', async () => {
    await inNamespace(`kcl-${lab}-node-1`, 'ip', ['link', 'del', 'vxlan14416']);
    return '';
  });
  const peer = (await vmView(lab, 'web-02')).status.nics[0].address;
  await pings(lab, 'web-01', 'web-01 pings web-02 again', peer);
}
