import { describe, expect, test } from 'vitest';
import { MemoryDisk } from '../testing/memory-disk.ts';
import { AppendLog, type AppendLogOptions } from './append-log.ts';
import type { LogDisk, LogFile } from './log-disk.ts';
import { FILE_HEADER, LeaseLogCorruptError, readLog, writeGroup } from './log-format.ts';

const PATH = '/state/leases.log';
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (payloads: readonly Uint8Array[]): string[] =>
  payloads.filter(({ length }) => length > 0).map((payload) => Buffer.from(payload).toString());

/** A log whose state is simply all that was ever stored in it. */
class Journal {
  readonly stored: string[] = [];
  readonly problems: string[] = [];
  time = 0;

  async open(disk: MemoryDisk, over: Partial<AppendLogOptions> = {}): Promise<AppendLog> {
    const options: AppendLogOptions = {
      disk,
      path: PATH,
      snapshot: () => this.stored.map(encode),
      monotonic: () => this.time,
      onFailure: (error) => this.problems.push(`failed: ${error.message}`),
      onRecovery: () => this.problems.push('recovered'),
      onTorn: () => this.problems.push('torn'),
      ...over,
    };
    return AppendLog.open(options, (payloads) => this.stored.push(...decode(payloads)));
  }
}

/** The disk, with each file as `change` makes it. */
function withFiles(disk: MemoryDisk, change: (file: LogFile) => LogFile): LogDisk {
  return {
    read: (path) => disk.read(path),
    rename: (from, to) => disk.rename(from, to),
    remove: (path) => disk.remove(path),
    open: async (path) => change(await disk.open(path)),
    create: async (path) => change(await disk.create(path)),
  };
}

/** Appends, and counts as stored only what was acknowledged. */
async function append(journal: Journal, log: AppendLog, ...texts: string[]): Promise<void> {
  await log.append(texts.map(encode));
  journal.stored.push(...texts);
}

async function reopened(disk: MemoryDisk): Promise<{ stored: string[]; problems: string[] }> {
  const journal = new Journal();
  const log = await journal.open(disk);
  await log[Symbol.asyncDispose]();
  return journal;
}

function file(...groups: readonly (readonly string[])[]): Uint8Array {
  const out = new Uint8Array(4096);
  out.set(FILE_HEADER);
  let offset = FILE_HEADER.length;
  groups.forEach((texts, index) => {
    const payloads = texts.map(encode);
    writeGroup(out, offset, index + 1, payloads);
    offset += payloads.reduce((sum, { length }) => sum + 16 + length, 0);
  });
  return out.slice(0, offset);
}

describe('R-50: what was acknowledged is there after a restart', () => {
  test('records come back in order, over several openings', async () => {
    const disk = new MemoryDisk();
    for (const round of ['a', 'b', 'c']) {
      const journal = new Journal();
      const log = await journal.open(disk);
      await Promise.all([append(journal, log, `${round}1`), append(journal, log, `${round}2`, `${round}3`)]);
      await log[Symbol.asyncDispose]();
    }
    expect((await reopened(disk)).stored).toEqual(['a1', 'a2', 'a3', 'b1', 'b2', 'b3', 'c1', 'c2', 'c3']);
  });

  test('who waits at the same time shares one sync', async () => {
    const disk = new MemoryDisk();
    const journal = new Journal();
    const log = await journal.open(disk);
    const before = disk.journal.filter(({ op }) => op === 'sync').length;
    await Promise.all(Array.from({ length: 100 }, (_, index) => append(journal, log, `${index}`)));
    expect(disk.journal.filter(({ op }) => op === 'sync').length - before).toBe(1);
  });

  test('an acknowledgement comes after the sync of its record, never before', async () => {
    const disk = new MemoryDisk();
    const journal = new Journal();
    const log = await journal.open(disk);
    disk.journal.length = 0;
    await append(journal, log, 'x');
    expect(disk.journal.map(({ op }) => op)).toEqual(['write', 'sync']);
  });
});

describe('a torn tail is dropped, damage anywhere else is an error', () => {
  test('cut at every byte of the last record: the records before it are there', () => {
    const whole = file(['one'], ['two'], ['three']);
    const last = 16 + 'three'.length;
    for (let cut = whole.length - last; cut < whole.length; cut++) {
      const { payloads, torn } = readLog(whole.slice(0, cut), PATH);
      expect(decode(payloads)).toEqual(['one', 'two']);
      expect(torn).toBe(cut !== whole.length - last);
    }
  });

  test('the same with zeros where the record is not written yet', () => {
    const whole = file(['one'], ['two'], ['three']);
    for (let cut = whole.length - 21; cut < whole.length; cut++) {
      const padded = new Uint8Array(whole.length + 64);
      padded.set(whole.subarray(0, cut));
      expect(decode(readLog(padded, PATH).payloads)).toEqual(['one', 'two']);
    }
  });

  test('any bit flipped in the last record loses that record alone', () => {
    const whole = file(['one'], ['two', 'three']);
    for (let bit = (whole.length - 21) * 8; bit < whole.length * 8; bit++) {
      const flipped = whole.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(decode(readLog(flipped, PATH).payloads)).toEqual(['one', 'two']);
    }
  });

  test('the last group is known by its place', () => {
    const { lastGroupStart, end } = readLog(file(['one'], ['two', 'three']), PATH);
    expect([lastGroupStart, end]).toEqual([16 + 19, 16 + 19 + 19 + 21]);
    expect(readLog(file(), PATH).lastGroupStart).toBe(16);
  });

  test('of a torn group every page that did arrive is kept', () => {
    const whole = file(['one'], ['two', 'three', 'four']);
    const hole = whole.slice().fill(0, 16 + 19, 16 + 19 + 19);
    expect(decode(readLog(hole, PATH).payloads)).toEqual(['one', 'three', 'four']);
  });

  test('any bit flipped before the last group is an error that says so', () => {
    const whole = file(['one', 'uno'], ['two'], ['three']);
    for (let bit = 0; bit < (whole.length - 21) * 8; bit++) {
      const flipped = whole.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => readLog(flipped, PATH), `bit ${bit}`).toThrow(LeaseLogCorruptError);
    }
  });

  test('damage in the last record of a group is an error also when one group follows', () => {
    const damaged = file(['one', 'uno'], ['two']);
    damaged[16 + 19 + 17] = 0;
    expect(() => readLog(damaged, PATH)).toThrow('is damaged at byte 35');
  });

  test('a record that is too long is refused, not written wrong', () => {
    expect(() => writeGroup(new Uint8Array(100_000), 0, 1, [new Uint8Array(65_536)])).toThrow(RangeError);
  });

  test('an empty file and a foreign one are not taken for an empty store', async () => {
    for (const content of [new Uint8Array(0), encode('52:54:00:00:00:01 10.0.0.1 web-01')]) {
      const disk = new MemoryDisk();
      disk.set(PATH, content);
      await expect(reopened(disk)).rejects.toThrow('is not a lease log');
      expect(disk.content(PATH)).toEqual(content);
    }
  });

  test('a torn tail is told, and gone after it was opened once', async () => {
    const disk = new MemoryDisk();
    disk.set(PATH, file(['one'], ['two']).slice(0, -1));
    expect(await reopened(disk)).toMatchObject({ stored: ['one'], problems: ['torn'] });
    expect(await reopened(disk)).toMatchObject({ stored: ['one'], problems: [] });
  });
});

describe('failing disks', () => {
  test.each(['write', 'sync'] as const)(
    'a failed %s is told to who waited, and the next write starts a new file',
    async (op) => {
      const disk = new MemoryDisk();
      const journal = new Journal();
      const log = await journal.open(disk);
      await append(journal, log, 'before');
      disk.fault = (operation) => {
        if (operation.op === op) throw new Error('EIO: i/o error');
      };
      await expect(append(journal, log, 'lost')).rejects.toThrow('EIO');
      disk.fault = () => {};
      await expect(append(journal, log, 'too soon')).rejects.toThrow('cannot be written');
      journal.time = 1001;
      await append(journal, log, 'after');
      await log[Symbol.asyncDispose]();
      expect(journal.problems).toEqual(['failed: EIO: i/o error', 'recovered']);
      expect((await reopened(disk)).stored).toEqual(['before', 'after']);
    },
  );

  test('when no room can be reserved, the records alone are still written', async () => {
    const disk = new MemoryDisk();
    const journal = new Journal();
    const log = await journal.open(disk);
    disk.fault = (operation) => {
      if (operation.op === 'write' && operation.bytes.length > 4096) throw new Error('ENOSPC');
    };
    await append(journal, log, 'a');
    await append(journal, log, 'b');
    await log[Symbol.asyncDispose]();
    expect((await reopened(disk)).stored).toEqual(['a', 'b']);
  });

  test('a rename that fails half way leaves nothing to be appended to a file that is gone', async () => {
    const disk = new MemoryDisk();
    const journal = new Journal();
    const log = await journal.open(disk);
    await append(journal, log, 'a');
    disk.fault = (operation) => {
      if (operation.op === 'sync') throw new Error('EIO');
    };
    await expect(append(journal, log, 'lost')).rejects.toThrow('EIO');
    disk.fault = (operation) => {
      if (operation.op === 'rename') throw new Error('EIO of the directory');
    };
    journal.time = 1001;
    await expect(append(journal, log, 'lost too')).rejects.toThrow('directory');
    disk.fault = () => {};
    journal.time = 2002;
    await append(journal, log, 'b');
    await log[Symbol.asyncDispose]();
    expect((await reopened(disk)).stored).toEqual(['a', 'b']);
  });

  test('when a compaction fails after its rename, nothing is appended to the file that is gone', async () => {
    const disk = new MemoryDisk();
    const log = await new Journal().open(disk, { snapshot: () => [encode('state')] });
    disk.lateFault = () => {
      disk.lateFault = () => {};
      throw new Error('EIO of the directory');
    };
    const large = new Uint8Array(60_000).fill(65);
    for (let count = 0; count < 30; count++) await log.append(Array.from({ length: 10 }, () => large));
    await log.append([encode('next')]);
    await log[Symbol.asyncDispose]();
    expect((await reopened(disk)).stored.filter((text) => text.length < 10)).toEqual(['state', 'next']);
  });

  test('R-50: what a server wrote and had not synced when it ended is written again before anything follows it', async () => {
    const disk = new MemoryDisk();
    const journal = new Journal();
    const log = await journal.open(disk);
    await append(journal, log, 'before');
    disk.fault = ({ op }) => {
      if (op === 'sync') throw new Error('EIO');
    };
    await expect(append(journal, log, 'in memory')).rejects.toThrow('EIO');
    disk.fault = () => {};
    const next = new Journal();
    const again = await next.open(disk);
    expect(next.stored).toEqual(['before', 'in memory']);
    await append(next, again, 'after');
    const { stored } = await reopened(MemoryDisk.after(disk.journal, () => false));
    expect(stored).toEqual(['before', 'in memory', 'after']);
  });

  test('when that cannot be written again, nothing is acknowledged until the log is written anew', async () => {
    const disk = new MemoryDisk();
    const first = new Journal();
    await append(first, await first.open(disk), 'before');
    disk.fault = ({ op }) => {
      if (op === 'sync') throw new Error('EIO');
    };
    const journal = new Journal();
    const log = await journal.open(disk);
    expect(journal.problems).toEqual(['failed: EIO']);
    disk.fault = () => {};
    await expect(append(journal, log, 'too soon')).rejects.toThrow('cannot be written');
    journal.time = 1001;
    await append(journal, log, 'after');
    expect((await reopened(MemoryDisk.after(disk.journal, () => false))).stored).toEqual(['before', 'after']);
  });

  test('R-50: nothing is written beside a group that could be told of its error in its place', async () => {
    const disk = new MemoryDisk();
    const journal = new Journal();
    const turns = async (): Promise<void> => {
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    };
    let [running, most, beside] = [0, 0, 0];
    const slow = (file: LogFile): LogFile => ({
      ...file,
      write: async (bytes, position) => {
        await turns();
        beside += running;
        await file.write(bytes, position);
      },
      writeThrough: async (bytes, position) => {
        running += 1;
        most = Math.max(most, running);
        await turns();
        await file.writeThrough(bytes, position);
        running -= 1;
      },
    });
    const log = await journal.open(disk, { disk: withFiles(disk, slow) });
    for (let count = 0; count < 20; count++) await append(journal, log, 'x'.repeat(40_000));
    await log[Symbol.asyncDispose]();
    // Zeros were written ahead meanwhile, in another way.
    expect([most, beside > 0]).toEqual([1, true]);
  });

  test('more than the queue holds is refused', async () => {
    const journal = new Journal();
    const log = await journal.open(new MemoryDisk());
    const many = Array.from({ length: 16_384 }, () => encode('x'));
    const first = log.append(many);
    await expect(log.append([encode('y')])).rejects.toThrow('wait to be written');
    await first;
  });
});

test('R-50: a power cut after any operation loses nothing that was acknowledged', async () => {
  const disk = new MemoryDisk();
  const journal = new Journal();
  const acknowledged: { readonly text: string; readonly at: number }[] = [];
  const log = await journal.open(disk);
  for (let round = 0; round < 12; round++) {
    const texts = [`${round}a`, `${round}b`, `${round}c`];
    await Promise.all(
      texts.map(async (text) => {
        await append(journal, log, text);
        acknowledged.push({ text, at: disk.journal.length });
      }),
    );
  }
  const operations = disk.journal;
  for (let cut = 0; cut <= operations.length; cut++) {
    for (const survivors of [0b0000, 0b1010, 0b0101, 0b1111]) {
      const after = MemoryDisk.after(
        operations.slice(0, cut),
        (index, piece) => ((survivors >> ((index + piece) & 3)) & 1) === 1,
      );
      const { stored } = await reopened(after);
      const due = acknowledged.filter(({ at }) => at <= cut).map(({ text }) => text);
      expect(
        stored.filter((text) => due.includes(text)),
        `cut after ${cut}`,
      ).toEqual(due);
    }
  }
});

test('a log that grew far beyond its state is written anew, and goes on', async () => {
  const disk = new MemoryDisk();
  const journal = new Journal();
  const log = await journal.open(disk, { snapshot: () => [encode('state')] });
  const large = new Uint8Array(60_000).fill(65);
  for (let count = 0; count < 32; count++) await log.append(Array.from({ length: 10 }, () => large));
  await log.append([encode('next')]);
  await log[Symbol.asyncDispose]();
  expect(disk.journal.filter(({ op }) => op === 'rename')).toHaveLength(2);
  const { stored } = await reopened(disk);
  expect([stored[0], stored.at(-1)]).toEqual(['state', 'next']);
  expect(disk.content(PATH)?.length).toBeLessThan(8 << 20);
});

test('zeros that are written ahead slowly never come to lie on records', async () => {
  const disk = new MemoryDisk();
  const journal = new Journal();
  let slow = 0;
  const late = (file: LogFile): LogFile => ({
    ...file,
    write: async (bytes, position) => {
      const zeros = bytes.every((byte) => byte === 0);
      slow += zeros ? 1 : 0;
      // Many groups are written meanwhile, and more than there is room for.
      for (let turn = 0; zeros && turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
      await file.write(bytes, position);
    },
  });
  const log = await journal.open(disk, { disk: withFiles(disk, late) });
  const filler = 'x'.repeat(40_000);
  for (let count = 0; count < 60; count++) await append(journal, log, `${count} ${filler}`);
  await log[Symbol.asyncDispose]();
  expect(slow).toBeGreaterThan(2);
  expect((await reopened(disk)).stored.map((text) => text.split(' ')[0])).toEqual(
    Array.from({ length: 60 }, (_, count) => `${count}`),
  );
});
