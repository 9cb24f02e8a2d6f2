import { access, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../model/clock.ts';
import type { VmObserved } from '../../model/runtime.ts';
import { guestFile } from './guest-files.ts';
import { type GuestRecord, writeRecord } from './guest-record.ts';
import { killGuest } from './qemu-process.ts';
import { openQmp, type Qmp } from './qmp.ts';
import type { QmpEvent } from './qmp-protocol.ts';

/** A guest that is still booting ignores the button, so it is pressed again. */
const PRESS_AGAIN_MILLISECONDS = 5_000;
/** QEMU writes out its disks when it is told to quit, milliseconds. */
const QUIT_MILLISECONDS = 10_000;
const POLL_MILLISECONDS = 25;
/** QEMU opens its sockets within milliseconds of its start, unless the host is starved. */
const OPENING_MILLISECONDS = 15_000;

type Phase = VmObserved['state'];

export interface GuestOptions {
  readonly name: string;
  readonly directory: string;
  readonly record: GuestRecord;
  readonly clock: Clock;
  readonly ending: AbortSignal;
  readonly onChange: (name: string) => void;
}

/** One virtual machine on this node: its files, and the conversation with its QEMU while that runs. */
export class Guest {
  readonly #options: GuestOptions;
  #record: GuestRecord;
  #phase: Phase = 'prepared';
  #message: string | undefined;
  #qmp: Qmp | undefined;
  /** QEMU said that it ends of its guest's or our will: what follows is no crash. */
  #ended = false;

  constructor(options: GuestOptions) {
    this.#options = options;
    this.#record = options.record;
  }

  get uid(): string {
    return this.#record.uid;
  }

  observed(pid: number | undefined): VmObserved {
    const { name } = this.#options;
    return {
      name,
      uid: this.uid,
      state: this.#phase,
      ...(pid === undefined ? {} : { pid }),
      ...(this.#message === undefined ? {} : { message: this.#message }),
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
    await this.#remember(true);
    this.#settle('starting', undefined);
    this.#ended = false;
    const exited = { yes: false };
    const pid = await launch(() => {
      exited.yes = true;
    });
    try {
      await this.#converse(pid, () => exited.yes);
    } catch (cause) {
      const said = await lastLine(join(directory, guestFile.qemuLog));
      await killGuest(this.uid, (milliseconds) => this.#sleep(milliseconds));
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
    await this.#remember(false);
    this.#settle('stopped', undefined);
  }

  /** Ends the conversation, not the guest. */
  close(): void {
    const qmp = this.#qmp;
    this.#qmp = undefined;
    qmp?.close();
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
      this.#ended = true;
      await qmp.execute('quit').catch(() => {});
      await this.#until(() => qmp.closed, QUIT_MILLISECONDS);
    }
    await killGuest(this.uid, (milliseconds) => this.#sleep(milliseconds));
    this.close();
  }

  async #converse(pid: number, gone: () => boolean = () => false): Promise<void> {
    const { ending } = this.#options;
    const listener = { onEvent: (event: QmpEvent) => this.#hear(event), onClose: () => this.#fell() };
    for (let waited = 0; ; waited += POLL_MILLISECONDS) {
      try {
        this.#qmp = await openQmp(`/proc/${pid}/cwd/${guestFile.qmp}`, listener, ending);
        break;
      } catch (error) {
        if (gone() || waited >= OPENING_MILLISECONDS) throw error;
        await this.#sleep(POLL_MILLISECONDS);
      }
    }
    this.#settle('running', undefined);
  }

  #hear({ event, data }: QmpEvent): void {
    if (event === 'SHUTDOWN') this.#ended = true;
    else if (event === 'GUEST_PANICKED') this.#settle('running', 'the guest panicked');
    else if (event === 'BLOCK_IO_ERROR' && data['action'] === 'stop')
      this.#settle('running', `paused by a disk error: ${String(data['reason'])}; make room and restart it`);
    else if (event === 'RESUME') this.#settle('running', undefined);
  }

  /** The connection ended: QEMU is gone, and nothing but its last words says why. */
  #fell(): void {
    if (this.#qmp === undefined) return;
    this.#qmp = undefined;
    if (this.#phase === 'stopping') return;
    if (this.#ended) this.#settle('stopped', 'the guest shut down by itself');
    else this.#settle('failed', 'QEMU ended unexpectedly');
  }

  async #remember(started: boolean): Promise<void> {
    this.#record = { uid: this.uid, started };
    await writeRecord(this.#options.directory, this.#record);
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
    return this.#options.clock.sleep(milliseconds, this.#options.ending);
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** QEMU's last words, without its name in front. */
async function lastLine(path: string): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return (
    text
      .trim()
      .split('\n')
      .at(-1)
      ?.replace(/^qemu[^:]*: /, '') || undefined
  );
}
