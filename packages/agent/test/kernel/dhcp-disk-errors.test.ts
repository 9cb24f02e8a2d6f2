import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { FailingDisk } from '../conformance/failing-disk.ts';
import { Kcore } from '../conformance/kcore.ts';
import { network, Stage } from '../conformance/stage.ts';
import { reply } from '../conformance/verdict.ts';
import type { Wire } from '../conformance/wire.ts';
import { ip } from '../conformance/wire-format.ts';

/** EIO of the disk under the real process: what it was not able to write it does not tell, and what it told it keeps. */

const A = '52:54:00:00:00:0a';
const B = '52:54:00:00:00:0b';
const C = '52:54:00:00:00:0c';

/** A server on a disk that can fail, and raw clients of it. */
class Rig implements AsyncDisposable {
  readonly stage: Stage<Kcore>;
  readonly disk: FailingDisk;
  readonly wire: Wire;

  private constructor(stage: Stage<Kcore>, disk: FailingDisk, wire: Wire) {
    this.stage = stage;
    this.disk = disk;
    this.wire = wire;
  }

  static async open(label: string): Promise<Rig> {
    let disk: FailingDisk | undefined;
    const stage = await Stage.open(`eio-${label}`, (place) => {
      const state = join(place.directory, 'state');
      disk = new FailingDisk(place.directory, state);
      return new Kcore(place, disk.wrapper, state);
    });
    if (disk === undefined) throw new Error('the stage made no server');
    await disk.build();
    await stage.serve();
    return new Rig(stage, disk, await stage.wire());
  }

  get server(): Kcore {
    return this.stage.subject;
  }

  get inode(): number {
    return statSync(this.server.storePath).ino;
  }

  async lease(mac: string): Promise<[string, string]> {
    return [mac, (await this.wire.lease(mac))?.address ?? 'none'];
  }

  async stored(): Promise<[string, string][]> {
    return [...(await this.server.leases())].toSorted();
  }

  /** What comes back for a REQUEST after an OFFER, within the time of a few messages. */
  async claimed(mac: string): Promise<string[]> {
    const offer = await this.wire.discover(mac);
    expect(reply(offer)).toMatch(/^offer /);
    const options = [ip(50, offer?.message.yiaddr ?? ''), ip(54, '10.78.0.1')];
    return (await this.wire.silence({ type: 'request', mac, options })).map(reply);
  }

  /** The same for a renewal. */
  async renewed(mac: string, ciaddr: string): Promise<string[]> {
    return (await this.wire.silence({ type: 'request', mac, ciaddr })).map(reply);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stage[Symbol.asyncDispose]();
  }
}

describe.concurrent.each([
  ['are not written', 'write'],
  ['are written and cannot be synced', 'sync'],
] as const)('R-50: leases that %s', (_, call) => {
  test('are not told; all that were told are there, now and after a kill; then leases are given again', async () => {
    await using rig = await Rig.open(call);
    const { disk, server } = rig;
    const [first, second] = [await rig.lease(A), await rig.lease(B)];
    const before = rig.inode;
    disk.fail(call);
    expect(await rig.claimed(C)).toEqual([]);
    expect(await server.event('LeaseStoreFailed')).toMatch(/state \(EIO: .*until/);
    expect(await rig.renewed(...first)).toEqual([]);
    expect(await rig.stored()).toEqual([first, second]);
    // By now it has tried again, and failed; nothing is told all the same.
    await sleep(1100);
    expect(await rig.claimed(C)).toEqual([]);
    expect(rig.inode).toBe(before);

    disk.mend();
    const third = await rig.lease(C);
    expect(await server.event('LeaseStoreRecovered')).toContain('again');
    // Nobody knows what the old file holds on the medium: it is another one now.
    expect(rig.inode).not.toBe(before);
    await server.end('SIGKILL');
    await server.start([network()]);
    expect(await rig.stored()).toEqual([first, second, third]);
  });

  test('and a server that is killed before the disk is mended keeps what it told', async () => {
    await using rig = await Rig.open(`${call}-kill`);
    const { disk, server } = rig;
    const [first, second] = [await rig.lease(A), await rig.lease(B)];
    disk.fail(call);
    expect(await rig.claimed(C)).toEqual([]);
    await server.end('SIGKILL');
    // The disk still fails: the server says so, and confirms nothing.
    await server.start([network()]);
    expect(await server.event('LeaseStoreFailed')).toMatch(/EIO/);
    expect((await rig.stored()).filter(([mac]) => mac !== C)).toEqual([first, second]);
    expect(await rig.renewed(...first)).toEqual([]);
    disk.mend();
    expect(reply(await rig.wire.renew(...first))).toBe(`ack ${first[1]}`);
    expect(await server.event('LeaseStoreRecovered')).toBeDefined();
  });
});

describe.concurrent('the start on a failing disk', () => {
  test('R-52: a lease log that cannot be read stops it, and is named', async () => {
    await using rig = await Rig.open('read');
    const [mac] = await rig.lease(A);
    await rig.server.end('SIGKILL');
    rig.disk.fail('read');
    await expect(rig.stage.serve()).rejects.toThrow(`${rig.server.storePath}: EIO`);
    rig.disk.mend();
    await rig.stage.serve();
    expect((await rig.stored()).map(([known]) => known)).toEqual([mac]);
  });

  test('a new lease log that cannot be written stops it, and the error is told', async () => {
    await using rig = await Rig.open('new');
    await rig.server.end('SIGKILL');
    rmSync(rig.server.storePath);
    rig.disk.fail('sync');
    await expect(rig.stage.serve()).rejects.toThrow('EIO');
  });
});
