import type { ChildProcess } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { GuestNic, GuestObserved, GuestSeed, Vm } from '@kcore/contract';
import { guestNamespace, namespacePath } from '../names.ts';
import { createNamespace, deleteNamespace } from '../namespaces.ts';
import { endProcesses, isAlive, processesIn } from '../process.ts';
import { labProgram } from '../programs.ts';
import { nodeCommand, spawnDetached } from '../spawn.ts';
import {
  dropInterface,
  type GuestNicIdentity,
  type GuestRecord,
  guestDirectory,
  loadRecords,
  saveRecord,
  writeSeed,
} from './record.ts';

/**
 * Keeps a node's guests. A guest is a network namespace with one guest process in it, which runs on when this host ends;
 * the next host finds it by its pid and start time.
 */
export interface GuestHost {
  observe(): readonly GuestObserved[];
  prepare(vm: Vm): Promise<readonly GuestNic[]>;
  start(vm: Vm, seed: GuestSeed): Promise<void>;
  /** A running guest has other NICs. */
  setNics(vm: Vm, seed: GuestSeed): Promise<void>;
  /** A running guest has a NIC less. */
  dropNic(name: string, index: number): Promise<void>;
  stop(name: string): Promise<void>;
  remove(name: string): Promise<void>;
}

export interface GuestHostOptions {
  readonly lab: string;
  /** One directory a guest is kept in here. */
  readonly directory: string;
  readonly nsenter: string;
  readonly udhcpc: string;
  /** A guest changed its state by itself. */
  readonly onChanged: (name: string) => void;
}

interface Guest {
  readonly record: GuestRecord;
  readonly state: GuestObserved['state'];
  readonly message?: string;
}

/** A guest gets this long to end by itself, milliseconds. */
const STOP_GRACE = 3_000;
/** How soon the end of an adopted guest, which is nobody's child, is seen, milliseconds. */
const ADOPTED_POLL = 200;
const GUEST_HEAP_MIB = 24;

/** Opens the host and adopts what runs. */
export async function openGuestHost(options: GuestHostOptions): Promise<GuestHost> {
  await mkdir(options.directory, { recursive: true, mode: 0o700 });
  const guests = new Map<string, Guest>();
  const turns = new Map<string, Promise<unknown>>();

  /** Requests for one guest run one after the other. */
  const inTurn = <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const turn = (turns.get(name) ?? Promise.resolve()).then(work, work);
    turns.set(name, turn);
    const forget = (): void => {
      if (turns.get(name) === turn) turns.delete(name);
    };
    turn.then(forget, forget);
    return turn;
  };

  const ended = (name: string, how: string): void => {
    const guest = guests.get(name);
    if (guest === undefined || guest.state !== 'running') return;
    guests.set(name, { record: guest.record, state: 'failed', message: how });
    // What it had started, its DHCP client, must not go on alone.
    inTurn(name, () => endAll(options.lab, name)).catch(() => undefined);
    options.onChanged(name);
  };

  await adopt(options, guests, ended);
  return {
    observe: () => [...guests.values()].map(observed),
    prepare: (vm) => inTurn(vm.name, () => prepare(options, guests, vm)),
    start: (vm, seed) => inTurn(vm.name, () => start(options, guests, ended, vm, seed)),
    setNics: (vm, seed) => inTurn(vm.name, () => setNics(options, guests, vm, seed)),
    dropNic: (name, index) => inTurn(name, () => dropNic(options, guests, name, index)),
    stop: (name) => inTurn(name, () => stop(options, guests, name)),
    remove: (name) => inTurn(name, () => remove(options, guests, name)),
  };
}

function observed(guest: Guest): GuestObserved {
  const { name, uid, process, nics } = guest.record;
  const pid = guest.state === 'running' && process !== undefined ? { pid: process.pid, nics: [...nics] } : {};
  return { name, uid, state: guest.state, ...pid, ...(guest.message === undefined ? {} : { message: guest.message }) };
}

async function adopt(
  options: GuestHostOptions,
  guests: Map<string, Guest>,
  ended: (name: string, how: string) => void,
): Promise<void> {
  for (const record of await loadRecords(options.directory)) {
    if (record.stopped) guests.set(record.name, { record, state: 'stopped' });
    else if (record.process === undefined) guests.set(record.name, { record, state: 'prepared' });
    else guests.set(record.name, { record, state: 'running' });
  }
  const adopted = [...guests.values()].flatMap(({ record, state }) =>
    state === 'running' && record.process !== undefined ? [{ name: record.name, process: record.process }] : [],
  );
  if (adopted.length === 0) return;
  const timer = setInterval(() => {
    for (const [index, guest] of [...adopted.entries()].reverse()) {
      if (isAlive(guest.process)) continue;
      adopted.splice(index, 1);
      // It may have been stopped and started again since: then its record names another process.
      if (guests.get(guest.name)?.record.process?.pid === guest.process.pid) ended(guest.name, 'its process ended');
    }
    if (adopted.length === 0) clearInterval(timer);
  }, ADOPTED_POLL);
}

async function prepare(options: GuestHostOptions, guests: Map<string, Guest>, vm: Vm): Promise<readonly GuestNic[]> {
  const before = guests.get(vm.name);
  if (before !== undefined && before.record.uid !== vm.uid) await remove(options, guests, vm.name);
  const netns = guestNamespace(options.lab, vm.name);
  await createNamespace(netns);
  if (!guests.has(vm.name)) {
    const { name, uid, hostname } = vm;
    const record: GuestRecord = { name, uid, hostname, nics: [], stopped: false };
    await saveRecord(options.directory, record);
    guests.set(name, { record, state: 'prepared' });
  }
  return vm.nics.map(({ index }) => ({ netns: namespacePath(netns), name: `nic${index}` }));
}

async function start(
  options: GuestHostOptions,
  guests: Map<string, Guest>,
  ended: (name: string, how: string) => void,
  vm: Vm,
  seed: GuestSeed,
): Promise<void> {
  await prepare(options, guests, vm);
  if (guests.get(vm.name)?.state === 'running') return;
  const directory = guestDirectory(options.directory, vm.name);
  await writeSeed(directory, seed);
  const netns = namespacePath(guestNamespace(options.lab, vm.name));
  await endProcesses(processesIn([netns]), STOP_GRACE);
  const command = nodeCommand(labProgram('guest/main.js'), GUEST_HEAP_MIB, directory, options.udhcpc);
  const { ref, child } = await spawnDetached(command, join(directory, 'guest.log'), {
    netns,
    nsenter: options.nsenter,
  });
  const { name, uid, hostname } = vm;
  const record: GuestRecord = { name, uid, hostname, nics: identities(vm), process: ref, stopped: false };
  guests.set(name, { record, state: 'running' });
  onEnd(child, (how) => {
    if (guests.get(name)?.record.process?.pid === ref.pid) ended(name, how);
  });
  await saveRecord(options.directory, record);
}

/** The guest reads its seed again, as a machine does whose cloud-init looks at each NIC that comes. */
async function setNics(options: GuestHostOptions, guests: Map<string, Guest>, vm: Vm, seed: GuestSeed): Promise<void> {
  const { record } = runningGuest(guests, vm.name);
  await writeSeed(guestDirectory(options.directory, vm.name), seed);
  await keepNics(options, guests, record, identities(vm));
}

async function dropNic(
  options: GuestHostOptions,
  guests: Map<string, Guest>,
  name: string,
  index: number,
): Promise<void> {
  const { record } = runningGuest(guests, name);
  const left = record.nics.filter((nic) => nic.index !== index);
  await dropInterface(guestDirectory(options.directory, name), `eth${index}`);
  await keepNics(options, guests, record, left);
}

async function keepNics(
  options: GuestHostOptions,
  guests: Map<string, Guest>,
  record: GuestRecord,
  nics: readonly GuestNicIdentity[],
): Promise<void> {
  const after = { ...record, nics };
  await saveRecord(options.directory, after);
  guests.set(record.name, { record: after, state: 'running' });
}

function runningGuest(guests: Map<string, Guest>, name: string): Guest {
  const guest = guests.get(name);
  if (guest?.state !== 'running') throw new Error(`guest '${name}' is not running`);
  return guest;
}

function identities({ nics }: Vm): readonly GuestNicIdentity[] {
  return nics.map(({ index, mac }) => ({ index, mac }));
}

/** Also when it had ended before anybody listened. */
function onEnd(child: ChildProcess, report: (how: string) => void): void {
  const tell = (code: number | null, signal: NodeJS.Signals | null): void =>
    report(signal === null ? `its process ended with status ${code}` : `its process was ended by ${signal}`);
  if (child.exitCode !== null || child.signalCode !== null) tell(child.exitCode, child.signalCode);
  else child.once('exit', tell);
}

async function stop(options: GuestHostOptions, guests: Map<string, Guest>, name: string): Promise<void> {
  const guest = guests.get(name);
  if (guest === undefined || guest.state === 'stopped') return;
  const { process: _, ...rest } = guest.record;
  const record: GuestRecord = { ...rest, stopped: true };
  guests.set(name, { record: guest.record, state: 'stopping' });
  await endAll(options.lab, name);
  await saveRecord(options.directory, record);
  guests.set(name, { record, state: 'stopped' });
}

async function remove(options: GuestHostOptions, guests: Map<string, Guest>, name: string): Promise<void> {
  const guest = guests.get(name);
  if (guest !== undefined) guests.set(name, { record: guest.record, state: 'stopping' });
  await deleteNamespace(guestNamespace(options.lab, name), STOP_GRACE);
  await rm(guestDirectory(options.directory, name), { recursive: true, force: true });
  guests.delete(name);
}

async function endAll(lab: string, name: string): Promise<void> {
  await endProcesses(processesIn([namespacePath(guestNamespace(lab, name))]), STOP_GRACE);
}
