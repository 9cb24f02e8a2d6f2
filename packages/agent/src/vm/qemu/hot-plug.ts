import * as v from 'valibot';
import { backendName, nicName, type Properties, portName } from './machine.ts';
import type { Qmp } from './qmp.ts';
import { QmpError } from './qmp-protocol.ts';

/** Where QEMU keeps the devices that have an id. */
const DEVICES = '/machine/peripheral';

const Children = v.array(v.object({ name: v.string() }));

/** A NIC that a running guest has. */
export interface PluggedNic {
  readonly mac: string;
  /** Name of the bus it is on. */
  readonly port: string;
}

/** The NICs of a running guest by their index, and the names of its ports. */
export interface Plugged {
  readonly nics: ReadonlyMap<number, PluggedNic>;
  readonly ports: readonly string[];
}

/** Asks QEMU what the guest has: also of a guest that an earlier life of the agent started, or changed. */
export async function askPlugged(qmp: Qmp): Promise<Plugged> {
  const children = v.parse(Children, await qmp.execute('qom-list', { path: DEVICES })).map(({ name }) => name);
  const nics = new Map<number, PluggedNic>();
  for (const name of children) {
    const index = /^nic-(\d+)$/.exec(name)?.[1];
    if (index === undefined) continue;
    const path = `${DEVICES}/${name}`;
    const mac = v.parse(v.string(), await qmp.execute('qom-get', { path, property: 'mac' }));
    const bus = v.parse(v.string(), await qmp.execute('qom-get', { path, property: 'parent_bus' }));
    nics.set(Number(index), { mac: mac.toLowerCase(), port: bus.split('/').at(-1) ?? '' });
  }
  // QEMU tells them in no order.
  const numbers = children.flatMap((name) => /^port-(\d+)$/.exec(name)?.[1] ?? []).map(Number);
  return {
    nics: new Map([...nics].sort(([a], [b]) => a - b)),
    ports: numbers.sort((a, b) => a - b).map(portName),
  };
}

/** The first port that no NIC is on. @throws {Error} when there is none. */
export function freePort({ nics, ports }: Plugged): string {
  const taken = new Set([...nics.values()].map(({ port }) => port));
  const free = ports.find((name) => !taken.has(name));
  if (free !== undefined) return free;
  throw new Error('the guest has no free port for another NIC; it gets more when it is stopped and started');
}

/** The host's side first; it is taken back when the guest's side is refused, so that a repetition begins anew. */
export async function plug(
  qmp: Qmp,
  index: number,
  backend: Properties & { readonly type: string },
  device: Properties & { readonly driver: string },
): Promise<void> {
  // What an attempt left that was cut off by the agent's end.
  await removeBackend(qmp, index);
  await qmp.execute('netdev_add', backend);
  try {
    await qmp.execute('device_add', device);
  } catch (error) {
    await removeBackend(qmp, index);
    throw error;
  }
}

/** Asks the guest to let go of a NIC; that it did is told by the event DEVICE_DELETED. Returns false when there is no such NIC. */
export async function askToUnplug(qmp: Qmp, index: number): Promise<boolean> {
  try {
    await qmp.execute('device_del', { id: nicName(index) });
    return true;
  } catch (error) {
    if (!(error instanceof QmpError)) throw error;
    // Refused as long as an earlier request may still be answered.
    if (/already in the process of unplug/.test(error.message)) return true;
    if (error.reason === 'DeviceNotFound') return false;
    throw error;
  }
}

export async function removeBackend(qmp: Qmp, index: number): Promise<void> {
  await qmp.execute('netdev_del', { id: backendName(index) }).catch((error: unknown) => {
    if (!(error instanceof QmpError)) throw error;
  });
}
