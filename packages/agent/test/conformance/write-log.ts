import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { randomOf } from './garbage.ts';

/*
 * What a server wrote to its disk and sent to its clients, in the order it happened, read from a trace of its system
 * calls; and the disk as it may be found when the power fails at any point of it.
 */

/** For `strace -f -xx`: everything that changes the store, and everything that is sent. */
export const TRACED =
  'openat,close,write,pwrite64,pwritev,ftruncate,fallocate,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,sendto,sendmsg,sendmmsg,dup,dup2,dup3';

/** What a disk writes at once: within it a write is whole or not there. */
const SECTOR = 512;

type Step =
  | { readonly step: 'create'; readonly file: number; readonly name: string }
  | {
      readonly step: 'write';
      readonly file: number;
      readonly bytes: Buffer;
      readonly at: number;
      readonly through: boolean;
    }
  | { readonly step: 'resize'; readonly file: number; readonly size: number }
  | { readonly step: 'sync'; readonly file: number }
  | { readonly step: 'rename'; readonly from: string; readonly to: string }
  | { readonly step: 'syncDirectory' }
  | { readonly step: 'remove'; readonly name: string }
  /** The first moment at which a client may know. */
  | { readonly step: 'ack'; readonly mac: string; readonly address: string };

const bytesOf = (escaped: string): Buffer => Buffer.from(escaped.replaceAll('\\x', ''), 'hex');
const textOf = (escaped: string): string => bytesOf(escaped).toString('latin1').replace(/\0.*$/s, '');
const COOKIE = Buffer.of(99, 130, 83, 99, 53, 1, 5);

interface Descriptor {
  readonly file: number | 'directory';
  readonly through: boolean;
  position: number;
}

interface Call {
  readonly name: string;
  readonly args: string;
  readonly result: number;
}

/**
 * Calls in the order in which they took effect at the latest: each where it ended, but sends where they began, for that
 * is when the frame may leave.
 */
function callsOf(trace: string): Call[] {
  const calls: (Call | undefined)[] = [];
  const unfinished = new Map<string, { readonly text: string; readonly place: number }>();
  for (const line of trace.split('\n')) {
    const [, pid = '', rest = ''] = /^(?:\[pid\s+)?(\d+)\]?\s+(.*)$/.exec(line) ?? [];
    const cut = /^(.*) <unfinished \.\.\.>$/.exec(rest);
    if (cut !== null) {
      unfinished.set(pid, { text: cut[1] ?? '', place: calls.push(undefined) - 1 });
      continue;
    }
    const resumed = /^<\.\.\. \w+ resumed>\s?(.*)$/.exec(rest);
    const begun = resumed === null ? undefined : unfinished.get(pid);
    const found = /^(\w+)\((.*)\)\s+= (-?\d+)/.exec(`${begun?.text ?? ''}${resumed?.[1] ?? rest}`);
    if (found === null) continue;
    const call = { name: found[1] ?? '', args: found[2] ?? '', result: Number(found[3]) };
    if (begun !== undefined && call.name.startsWith('send')) calls[begun.place] = call;
    else calls.push(call);
  }
  return calls.filter((call) => call !== undefined);
}

/** Where in a sent buffer a DHCP ACK is, if it is one. */
function ackIn(bytes: Buffer): { mac: string; address: string } | undefined {
  const cookie = bytes.indexOf(COOKIE);
  if (cookie < 236) return undefined;
  const message = bytes.subarray(cookie - 236);
  return {
    mac: message.subarray(28, 34).toString('hex').match(/../g)?.join(':') ?? '',
    address: [...message.subarray(16, 20)].join('.'),
  };
}

/** Reads a trace into steps. Only files below the directory count. */
export class WriteLog {
  readonly steps: Step[] = [];
  readonly #directory: string;
  readonly #open = new Map<number, Descriptor>();
  readonly #files = new Map<string, number>();
  #count = 0;

  constructor(trace: string, directory: string) {
    this.#directory = directory;
    for (const call of callsOf(trace)) this.#take(call);
  }

  #take({ name, args, result }: Call): void {
    if (name.startsWith('send')) this.#sent(args);
    else if (result < 0) return;
    else if (name === 'openat') this.#opened(args, result);
    else if (name.startsWith('rename')) this.#renamed(args);
    else if (name.startsWith('unlink')) this.#removed(args);
    else this.#onDescriptor(name, args, result);
  }

  #sent(args: string): void {
    for (const [, escaped = ''] of args.matchAll(/"((?:\\x[0-9a-f]{2})+)"/g)) {
      const ack = ackIn(bytesOf(escaped));
      if (ack !== undefined) this.steps.push({ step: 'ack', ...ack });
    }
  }

  #opened(args: string, descriptor: number): void {
    const [, escaped = '', flags = ''] = /"((?:\\x..)*)", ([A-Z_|]+)/.exec(args) ?? [];
    const path = textOf(escaped);
    this.#open.delete(descriptor);
    if (path === this.#directory) this.#open.set(descriptor, { file: 'directory', through: false, position: 0 });
    if (!path.startsWith(`${this.#directory}/`)) return;
    const name = basename(path);
    const isNew = this.#files.get(name) === undefined;
    const file = this.#files.get(name) ?? this.#count++;
    if (isNew && flags.includes('O_CREAT')) {
      this.#files.set(name, file);
      this.steps.push({ step: 'create', file, name });
    } else if (flags.includes('O_TRUNC')) {
      this.steps.push({ step: 'resize', file, size: 0 });
    }
    this.#open.set(descriptor, { file, through: /O_D?SYNC/.test(flags), position: 0 });
  }

  #names(args: string): string[] {
    return [...args.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map(([, escaped = '']) => basename(textOf(escaped)));
  }

  #renamed(args: string): void {
    const [from = '', to = ''] = this.#names(args);
    const file = this.#files.get(from);
    if (file === undefined) return;
    this.#files.delete(from);
    this.#files.set(to, file);
    this.steps.push({ step: 'rename', from, to });
  }

  #removed(args: string): void {
    const [name = ''] = this.#names(args);
    if (this.#files.delete(name)) this.steps.push({ step: 'remove', name });
  }

  #onDescriptor(call: string, args: string, result: number): void {
    const number = Number.parseInt(args, 10);
    const descriptor = this.#open.get(number);
    if (descriptor === undefined) return;
    const { file, through } = descriptor;
    if (call === 'close') this.#open.delete(number);
    else if (file === 'directory') {
      if (call.startsWith('f')) this.steps.push({ step: 'syncDirectory' });
    } else if (call === 'fsync' || call === 'fdatasync') this.steps.push({ step: 'sync', file });
    else if (call === 'ftruncate') this.steps.push({ step: 'resize', file, size: Number(args.split(', ')[1]) });
    else if (call.startsWith('write') || call.startsWith('pwrite')) {
      const [, escaped = ''] = /"((?:\\x[0-9a-f]{2})*)"/.exec(args) ?? [];
      const at = call === 'write' ? descriptor.position : Number(/(\d+)$/.exec(args)?.[1]);
      this.steps.push({ step: 'write', file, bytes: bytesOf(escaped).subarray(0, result), at, through });
      if (call === 'write') descriptor.position += result;
    }
  }
}

class Medium {
  #bytes = Buffer.alloc(0);

  get bytes(): Buffer {
    return this.#bytes;
  }

  write(bytes: Buffer, at: number): void {
    if (at + bytes.length > this.#bytes.length) {
      this.#bytes = Buffer.concat([this.#bytes, Buffer.alloc(at + bytes.length - this.#bytes.length)]);
    }
    bytes.copy(this.#bytes, at);
  }

  resize(size: number): void {
    this.#bytes = size <= this.#bytes.length ? this.#bytes.subarray(0, size) : this.#bytes;
  }
}

/** Steps after which what was written to the file before them is on the medium. */
function syncedUpTo(steps: readonly Step[]): Map<number, number> {
  const last = new Map<number, number>();
  for (const [index, one] of steps.entries()) if (one.step === 'sync') last.set(one.file, index);
  return last;
}

/**
 * Writes the remains after a power cut behind these steps into a directory. What was synced is there. Of what was
 * written and not synced each sector is or is not, in any order; names change in order, but as many as chance will.
 */
export function remains(steps: readonly Step[], random: ReturnType<typeof randomOf>, directory: string): void {
  const synced = syncedUpTo(steps);
  const media = new Map<number, Medium>();
  const names = new Map<string, number>();
  const directorySynced = steps.findLastIndex(({ step }) => step === 'syncDirectory');
  // Changes of names survive up to here.
  const until = directorySynced + random(steps.length - directorySynced + 1);
  for (const [index, one] of steps.entries()) {
    if (one.step === 'create') {
      media.set(one.file, new Medium());
      if (index <= until || (synced.get(one.file) ?? -1) > index) names.set(one.name, one.file);
    } else if (one.step === 'resize') media.get(one.file)?.resize(one.size);
    else if (one.step === 'write') {
      const safe = one.through || (synced.get(one.file) ?? -1) > index;
      for (let from = 0; from < one.bytes.length; from += SECTOR) {
        if (safe || random(2) === 0) media.get(one.file)?.write(one.bytes.subarray(from, from + SECTOR), one.at + from);
      }
    } else if (one.step === 'rename' && index <= until) {
      const file = names.get(one.from);
      if (file === undefined) continue;
      names.delete(one.from);
      names.set(one.to, file);
    } else if (one.step === 'remove' && index <= until) names.delete(one.name);
  }
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  for (const [name, file] of names) writeFileSync(join(directory, name), media.get(file)?.bytes ?? '');
}
