import { describe, expect, test } from 'vitest';
import { askPlugged, askToUnplug, freePort, plug } from './hot-plug.ts';
import type { Qmp } from './qmp.ts';
import { QmpError } from './qmp-protocol.ts';

type Answer = (argument: Readonly<Record<string, unknown>>) => unknown;

/** A QEMU that answers from a table, and what it was asked. */
function qemu(answers: Readonly<Record<string, Answer>>) {
  const asked: string[] = [];
  const qmp: Qmp = {
    closed: false,
    close: () => {},
    async execute(command, argument = {}) {
      asked.push(`${command} ${String(argument['id'] ?? argument['path'] ?? '')}`.trim());
      return answers[command]?.(argument) ?? {};
    },
  };
  return { qmp, asked };
}
const refuse =
  (command: string, reason: string, text: string): Answer =>
  () => {
    throw new QmpError(command, reason, text);
  };

describe('what a guest has', () => {
  test('is asked of QEMU, which tells it in no order', async () => {
    const names = ['port-10', 'nic-3', 'disk-0', 'port-2', 'nic-0', 'entropy'];
    const { qmp } = qemu({
      'qom-list': () => names.map((name) => ({ name, type: 'child<x>' })),
      'qom-get': ({ path, property }) =>
        property === 'mac'
          ? `52:54:00:00:00:0${String(path).at(-1)}`.toUpperCase()
          : '/machine/peripheral/port-2/port-2',
    });
    const plugged = await askPlugged(qmp);
    expect([...plugged.nics]).toEqual([
      [0, { mac: '52:54:00:00:00:00', port: 'port-2' }],
      [3, { mac: '52:54:00:00:00:03', port: 'port-2' }],
    ]);
    expect(plugged.ports).toEqual(['port-2', 'port-10']);
    expect(freePort(plugged)).toBe('port-10');
  });

  test('of one that was started without ports, nothing can be added', () => {
    expect(() => freePort({ nics: new Map(), ports: [] })).toThrow('it gets more when it is stopped and started');
  });
});

describe('a NIC', () => {
  const backend = { type: 'tap', id: 'net-1' };
  const device = { driver: 'virtio-net-pci', id: 'nic-1' };

  test('whose guest’s side is refused leaves no host’s side', async () => {
    const { qmp, asked } = qemu({
      netdev_del: refuse('netdev_del', 'DeviceNotFound', 'none'),
      device_add: refuse('device_add', 'GenericError', 'no'),
    });
    await expect(plug(qmp, 1, backend, device)).rejects.toThrow("QEMU refused 'device_add': no");
    expect(asked).toEqual(['netdev_del net-1', 'netdev_add net-1', 'device_add nic-1', 'netdev_del net-1']);
  });

  test('that is not there is told from one that is being unplugged', async () => {
    const gone = qemu({ device_del: refuse('device_del', 'DeviceNotFound', 'Device nic-1 not found') });
    expect(await askToUnplug(gone.qmp, 1)).toBe(false);
    const busy = 'Device nic-1 is already in the process of unplug';
    expect(await askToUnplug(qemu({ device_del: refuse('device_del', 'GenericError', busy) }).qmp, 1)).toBe(true);
    const other = qemu({ device_del: refuse('device_del', 'GenericError', 'Bus does not support hotplugging') });
    await expect(askToUnplug(other.qmp, 1)).rejects.toThrow('hotplugging');
  });
});
