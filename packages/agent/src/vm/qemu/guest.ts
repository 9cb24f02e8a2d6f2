import { constants } from 'node:fs';
import { access, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { failedPrecondition } from '@kcore/contract';
import * as v from 'valibot';
import type { Clock } from '../../model/clock.ts';
import type { GuestConsole, VmObserved } from '../../model/runtime.ts';
import { ConsoleLog } from './console-log.ts';
import { openGuestConsole } from './guest-console.ts';
import { guestFile } from './guest-files.ts';
import { type GuestRecord, writeRecord } from './guest-record.ts';
import { askPlugged, askToUnplug, freePort, type Plugged, plug, removeBackend } from './hot-plug.ts';
import type { Properties } from './machine.ts';
import { absent, openPlain, readPlain } from './plain-file.ts';
import { killGuest } from './qemu-process.ts';
import { openQmp, type Qmp } from './qmp.ts';
import type { QmpEvent } from './qmp-protocol.ts';
import { watchReadiness } from './readiness.ts';

/** A guest that is still booting ignores the button, so it is pressed again. */
const PRESS_AGAIN_MILLISECONDS = 5_000;
/** QEMU writes out its disks when it is told to quit, milliseconds. */
const QUIT_MILLISECONDS = 10_000;
const POLL_MILLISECONDS = 10;
/** QEMU opens its sockets within milliseconds of its start, unless the host is starved. */
const OPENING_MILLISECONDS = 15_000;
/** A guest that boots does not hear that it is to let go of a NIC, so it is asked again. */
const UNPLUG_AGAIN_MILLISECONDS = 3_000;
const UNPLUG_MILLISECONDS = 10_000;
/** QEMU says a line when it does not start; one that says more has its words cut off. */
const QEMU_LOG_BYTES = 1024 * 1024;

type Phase = VmObserved['state'];

const Status = v.object({ status: v.string() });

export interface GuestOptions {
  readonly name: string;
  readonly directory: string;
  readonly record: GuestRecord;
  readonly clock: Clock;
  readonly ending: AbortSignal;
  readonly onChange: (name: string) => void;
}

/**
 * One virtual machine on this node: its files, and the conversation with its QEMU while that runs. It is long because all of
 * it turns on one state, what QEMU said last; what needs no part of that is in the files beside it.
 */
export class Guest {
  readonly log: ConsoleLog;
  readonly #options: GuestOptions;
  #record: GuestRecord;
  #phase: Phase = 'prepared';
  #message: string | undefined;
  #qmp: Qmp | undefined;
  #pid: number | undefined;
  /** The process that was started or found last, which may be gone. */
  #process: number | undefined;
  #plugged: Plugged = { nics: new Map(), ports: [] };
  /** Boots since the agent found or started it: one that reboots itself is another guest to whoever asks how far it is. */
  #boots = 0;
  /** Ends what goes on for one process of the guest. */
  #life = new AbortController();
  #console: GuestConsole | undefined;
  #writing: Promise<void> = Promise.resolve();
  /** QEMU said why it ends, so that what follows is no surprise. */
  #ended: 'shutdown' | 'panic' | undefined;

  constructor(options: GuestOptions) {
    this.#options = options;
    this.#record = options.record;
    this.log = new ConsoleLog(options.directory, options.clock);
  }

  get uid(): string {
    return this.#record.uid;
  }

  observed(): VmObserved {
    const { name } = this.#options;
    const up = this.#qmp !== undefined;
    return {
      name,
      uid: this.uid,
      state: this.#phase,
      ...(this.#pid === undefined ? {} : { pid: this.#pid }),
      ...(this.#message === undefined ? {} : { message: this.#message }),
      ...(up ? { guest: this.#record.ready === true ? 'ready' : 'booting', boot: `${this.#pid}.${this.#boots}` } : {}),
      ...(up ? { nics: [...this.#plugged.nics].map(([index, { mac }]) => ({ index, mac })) } : {}),
    };
  }

  /** Finds the guest as an earlier life of the agent left it. */
  async adopt(pid: number | undefined): Promise<void> {
    if (pid !== undefined) {
      await this.#converse(pid);
      return;
    }
    if (!this.#record.started) return;
    // QEMU removes its socket when it ends in order.
    if (await exists(join(this.#options.directory, guestFile.qmp)))
      this.#settle('failed', 'QEMU ended unexpectedly while the agent was away');
    else this.#settle('stopped', 'the guest shut down while the agent was away');
  }

  /** @param launch starts QEMU; its process must not exist yet. */
  async start(launch: (onExit: () => void) => Promise<number>): Promise<void> {
    const { directory } = this.#options;
    await this.#end();
    for (const socket of [guestFile.qmp, guestFile.console]) await rm(join(directory, socket), { force: true });
    await this.log.rotate();
    await this.#remember({ started: true });
    this.#settle('starting', undefined);
    this.#ended = undefined;
    const exited = { yes: false };
    const pid = await launch(() => {
      exited.yes = true;
    });
    try {
      await this.#converse(pid, () => exited.yes);
    } catch (cause) {
      const said = await lastLine(join(directory, guestFile.qemuLog));
      await this.#kill();
      this.#settle('failed', said ?? (cause instanceof Error ? cause.message : String(cause)));
      throw new Error(`QEMU did not start: ${this.#message}`, { cause });
    }
  }

  /** Gracefully first, for `grace` milliseconds; resolves when QEMU is gone. */
  async stop(grace: number): Promise<void> {
    if (this.#qmp !== undefined && !this.#qmp.closed && grace > 0) {
      this.#settle('stopping', undefined);
      await this.#pressPower(this.#qmp, grace);
    }
    await this.#end();
    await this.#remember({ started: false });
    this.#settle('stopped', undefined);
  }

  /** Gives the running guest a NIC; its TAP is there. */
  async plug(
    index: number,
    backend: Properties & { readonly type: string },
    device: (port: string) => Properties & { readonly driver: string },
  ): Promise<void> {
    const qmp = this.#conversation();
    this.#plugged = await askPlugged(qmp);
    if (!this.#plugged.nics.has(index)) await plug(qmp, index, backend, device(freePort(this.#plugged)));
    this.#plugged = await askPlugged(qmp);
  }

  /** Takes a NIC from the running guest; resolves when the guest let go of it. */
  async unplug(index: number, signal: AbortSignal): Promise<void> {
    const qmp = this.#conversation();
    const gone = (): boolean => !this.#plugged.nics.has(index) || qmp.closed || signal.aborted;
    for (let waited = 0; waited < UNPLUG_MILLISECONDS && !gone(); waited += UNPLUG_AGAIN_MILLISECONDS) {
      if (!(await askToUnplug(qmp, index))) this.#forgetNic(index);
      await this.#until(gone, UNPLUG_AGAIN_MILLISECONDS);
    }
    signal.throwIfAborted();
    if (!gone()) {
      throw new Error(
        `the guest does not let go of its NIC eth${index}; it is asked again (one that boots does not hear it)`,
      );
    }
    if (!qmp.closed) await removeBackend(qmp, index);
  }

  /** A new one takes the place of the one before. @throws {KcoreError} FailedPrecondition when the guest is not running. */
  async console(): Promise<GuestConsole> {
    const { name } = this.#options;
    await this.#console?.[Symbol.asyncDispose]();
    if (this.#pid === undefined || this.#qmp === undefined)
      throw failedPrecondition(`VM '${name}' is not running`, { remedy: `kctl start vm ${name}` });
    const socket = connect(`/proc/${this.#pid}/cwd/${guestFile.console}`);
    const opened = await openGuestConsole(socket, name);
    this.#console = opened;
    return opened;
  }

  /** Ends the conversation, not the guest. */
  close(): void {
    const qmp = this.#qmp;
    this.#qmp = undefined;
    this.#life.abort();
    this.log.close();
    void this.#console?.[Symbol.asyncDispose]();
    qmp?.close();
  }

  #conversation(): Qmp {
    if (this.#qmp === undefined || this.#qmp.closed)
      throw failedPrecondition(`VM '${this.#options.name}' is not running`);
    return this.#qmp;
  }

  async #pressPower(qmp: Qmp, grace: number): Promise<void> {
    for (let waited = 0; waited < grace && !qmp.closed; waited += PRESS_AGAIN_MILLISECONDS) {
      await qmp.execute('system_powerdown').catch(() => {});
      await this.#until(() => qmp.closed, Math.min(PRESS_AGAIN_MILLISECONDS, grace - waited));
    }
  }

  async #end(): Promise<void> {
    const qmp = this.#qmp;
    if (qmp !== undefined && !qmp.closed) {
      this.#ended = 'shutdown';
      await qmp.execute('quit').catch(() => {});
      await this.#until(() => qmp.closed, QUIT_MILLISECONDS);
    }
    await this.#kill();
    this.#qmp = undefined;
    this.#gone();
    qmp?.close();
  }

  /** Every process of this guest is known: those of before the agent's start were looked for. */
  async #kill(): Promise<void> {
    if (this.#process === undefined) return;
    await killGuest({ pid: this.#process, uuid: this.uid }, (milliseconds) => this.#sleep(milliseconds));
    this.#process = undefined;
  }

  async #converse(pid: number, gone: () => boolean = () => false): Promise<void> {
    // A signal of its own for each: hundreds of guests would be hundreds of listeners of one.
    const ending = AbortSignal.any([this.#options.ending]);
    this.#process = pid;
    const listener = { onEvent: (event: QmpEvent) => this.#hear(event), onClose: () => this.#fell() };
    const qmp = await this.#reach(pid, listener, gone, ending);
    this.#qmp = qmp;
    this.#pid = pid;
    this.#plugged = await askPlugged(qmp);
    const { status } = v.parse(Status, await qmp.execute('query-status'));
    this.#life.abort();
    this.#life = new AbortController();
    this.#settle('running', status === 'io-error' ? 'paused by a disk error; make room and restart it' : undefined);
    this.#boots += 1;
    void this.#watchLogs(AbortSignal.any([ending, this.#life.signal]));
  }

  async #reach(
    pid: number,
    listener: { readonly onEvent: (event: QmpEvent) => void; readonly onClose: () => void },
    gone: () => boolean,
    ending: AbortSignal,
  ): Promise<Qmp> {
    const socket = `/proc/${pid}/cwd/${guestFile.qmp}`;
    for (let waited = 0; ; waited += POLL_MILLISECONDS) {
      try {
        // A try to connect costs more than a look whether there is something to connect to.
        await access(socket);
        return await openQmp(socket, listener, ending);
      } catch (error) {
        if (gone() || waited >= OPENING_MILLISECONDS) throw error;
        await this.#sleep(POLL_MILLISECONDS);
      }
    }
  }

  async #watchLogs(signal: AbortSignal): Promise<void> {
    const { clock, directory } = this.#options;
    await watchReadiness({
      log: this.log,
      clock,
      isReady: () => this.#record.ready === true,
      onReady: async () => {
        await this.#remember({ started: this.#record.started, ready: true });
        this.#options.onChange(this.#options.name);
      },
      tidy: () => boundFile(join(directory, guestFile.qemuLog), QEMU_LOG_BYTES),
      signal,
    });
  }

  #hear({ event, data }: QmpEvent): void {
    if (event === 'SHUTDOWN') this.#ended = data['reason'] === 'guest-panic' ? 'panic' : 'shutdown';
    else if (event === 'RESET' && data['guest'] === true) void this.#rebooted();
    else if (event === 'GUEST_PANICKED') this.#settle('running', 'the guest panicked');
    else if (event === 'BLOCK_IO_ERROR' && data['action'] === 'stop')
      this.#settle('running', `paused by a disk error: ${String(data['reason'])}; make room and restart it`);
    else if (event === 'RESUME') this.#settle('running', undefined);
    else if (event === 'DEVICE_DELETED') this.#letGo(String(data['device']));
  }

  async #rebooted(): Promise<void> {
    this.#boots += 1;
    this.#options.onChange(this.#options.name);
    // It may be stopped, or removed, at the same time; then its log and its record are no matter any more.
    await this.log.rotate().catch(() => {});
    if (this.#qmp !== undefined) await this.#remember({ started: this.#record.started }).catch(() => {});
    this.#options.onChange(this.#options.name);
  }

  #letGo(device: string): void {
    const index = /^nic-(\d+)$/.exec(device)?.[1];
    if (index === undefined) return;
    this.#forgetNic(Number(index));
    // Nobody waits for it when the guest answers late, or lets go because it reboots.
    if (this.#qmp !== undefined) removeBackend(this.#qmp, Number(index)).catch(() => {});
    this.#options.onChange(this.#options.name);
  }

  #forgetNic(index: number): void {
    const nics = new Map(this.#plugged.nics);
    nics.delete(index);
    this.#plugged = { ...this.#plugged, nics };
  }

  /** The connection ended: QEMU is gone, and nothing but its last words says why. */
  #fell(): void {
    if (this.#qmp === undefined) return;
    this.#qmp = undefined;
    this.#gone();
    if (this.#phase === 'stopping') return;
    if (this.#ended === 'panic') this.#settle('failed', 'the guest panicked');
    else if (this.#ended === 'shutdown') this.#settle('stopped', 'the guest shut down by itself');
    else this.#settle('failed', 'QEMU ended unexpectedly');
  }

  #gone(): void {
    this.#pid = undefined;
    this.#life.abort();
    void this.#console?.[Symbol.asyncDispose]();
  }

  async #remember(state: { readonly started: boolean; readonly ready?: boolean }): Promise<void> {
    const record = { uid: this.uid, ...state };
    this.#record = record;
    // One after the other: a guest may reboot while it is stopped, and both write the same file.
    const write = (): Promise<void> => writeRecord(this.#options.directory, record);
    const turn = this.#writing.then(write, write);
    this.#writing = turn.catch(() => {});
    await turn;
  }

  #settle(phase: Phase, message: string | undefined): void {
    this.#phase = phase;
    this.#message = message;
    this.#options.onChange(this.#options.name);
  }

  async #until(done: () => boolean, milliseconds: number): Promise<void> {
    for (let waited = 0; waited < milliseconds && !done(); waited += POLL_MILLISECONDS)
      await this.#sleep(POLL_MILLISECONDS);
  }

  #sleep(milliseconds: number): Promise<void> {
    return this.#options.clock.sleep(milliseconds, AbortSignal.any([this.#options.ending]));
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** QEMU appends to it, so it goes on at the beginning. */
async function boundFile(path: string, most: number): Promise<void> {
  const file = await openPlain(path, constants.O_WRONLY).catch(absent);
  if (file === undefined) return;
  try {
    if ((await file.stat()).size > most) await file.truncate(0);
  } finally {
    await file.close();
  }
}

/** QEMU's last words, without its name in front. */
async function lastLine(path: string): Promise<string | undefined> {
  const text = (await readPlain(path, QEMU_LOG_BYTES).catch(() => undefined))?.toString('utf8') ?? '';
  return (
    text
      .trim()
      .split('\n')
      .at(-1)
      ?.replace(/^qemu[^:]*: /, '') || undefined
  );
}
