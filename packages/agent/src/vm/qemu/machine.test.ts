import type { Vm } from '@kcore/contract';
import { describe, expect, test } from 'vitest';
import { machineArguments, queuesOf } from './machine.ts';

const vm: Vm = {
  name: 'web-01',
  uid: '11111111-2222-4333-8444-555555555555',
  node: 'node-1',
  cpu: 1,
  memoryBytes: 256 * 1024 * 1024,
  storageBackend: 'filesystem',
  disks: [{ image: 'debian-12' }],
  nics: [
    {
      index: 0,
      network: 'private',
      mac: '52:54:00:0b:9d:9f',
      address: '10.250.0.2',
      tap: 'tap-0b9d9f06',
      antiSpoofing: true,
    },
  ],
  state: 'running',
  hostname: 'web-01',
  sshKeys: [],
  restartPolicy: 'always',
  createdAt: '2026-01-01T00:00:00Z',
};
const plain = { vm, acceleration: { kind: 'tcg', vhostNet: false }, mtus: [undefined] } as const;

/** The values that were given to one option. */
function given(option: string, options: Parameters<typeof machineArguments>[0] = plain): readonly string[] {
  const all = machineArguments(options);
  return all.flatMap((word, index) => (all[index - 1] === option ? [word] : []));
}

describe('the command line of a guest', () => {
  test('names the TAP, the MAC and the MTU that the network has', () => {
    const options = { ...plain, mtus: [1450] };
    expect(given('-netdev', options)).toEqual(['tap,id=net-0,ifname=tap-0b9d9f06,script=no,downscript=no,vhost=off']);
    expect(given('-device', options)).toContain(
      'virtio-net-pci,netdev=net-0,id=nic-0,bus=port-0,mac=52:54:00:0b:9d:9f,host_mtu=1450,romfile=',
    );
  });

  test('gives each CPU a queue pair, and no queues to a guest with one CPU', () => {
    expect(queuesOf({ cpu: 1 })).toBe(1);
    expect(queuesOf({ cpu: 64 })).toBe(8);
    const two = { ...plain, vm: { ...vm, cpu: 2 } };
    expect(given('-netdev', two)[0]).toContain('queues=2');
    expect(given('-device', two).at(-1)).toContain('mq=on,vectors=6');
    expect(given('-netdev')[0]).not.toContain('queues');
  });

  test('boots a guest without a disk from the network', () => {
    const diskless = { ...plain, vm: { ...vm, disks: [] } };
    expect(given('-device', diskless).at(-1)).toContain('bootindex=1');
    expect(given('-device').at(-1)).toContain('romfile=');
  });

  test('asks for the CPU of the host only where the host can give it', () => {
    expect(given('-cpu')).toEqual(['max']);
    const kvm = { ...plain, acceleration: { kind: 'kvm', vhostNet: true } } as const;
    expect(given('-cpu', kvm)).toEqual(['host']);
    expect(given('-netdev', kvm)[0]).toContain('vhost=on');
  });

  test('has a port for each NIC, and some more for those that come while it runs', () => {
    const ports = (options?: Parameters<typeof machineArguments>[0]) =>
      given('-device', options).filter((device) => device.startsWith('pcie-root-port'));
    expect(ports()).toHaveLength(8);
    expect(new Set(ports().map((port) => /addr=([^,]*)/.exec(port)?.[1])).size).toBe(8);
    const nic = vm.nics[0] as Vm['nics'][number];
    const many = { ...plain, vm: { ...vm, nics: Array.from({ length: 9 }, (_, index) => ({ ...nic, index })) } };
    expect(ports(many)).toHaveLength(13);
    expect(ports(many).at(-1)).toContain('addr=0x11.4');
    expect(given('-device', many).at(-1)).toContain('id=nic-8,bus=port-8');
  });

  test('tells when its kernel panics', () => {
    expect(given('-device')).toContain('pvpanic-pci');
  });

  test('doubles the commas of a value, which would otherwise be options of their own', () => {
    const odd = { ...plain, vm: { ...vm, name: 'a,process=b' } };
    expect(given('-name', odd)).toEqual(['guest=a,,process=b,debug-threads=on']);
  });

  test('denies the guest’s process what it never needs', () => {
    expect(given('-sandbox')).toEqual(['on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny']);
  });
});
