import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeGuestLine, GuestRequest, guestLines } from '@kcore/contract';
import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { vm } from '../../test/support/specs.ts';
import { systemClock } from '../loop/system-clock.ts';
import { createNamespaceRuntime } from './namespace.ts';

/** A guest host in a few lines: answers from a table, at once or later. */
class Host {
  readonly requests: GuestRequest[] = [];
  readonly sockets = new Set<Socket>();
  answer: (request: GuestRequest) => unknown = () => ({});
  readonly #server: Server;

  constructor(path: string) {
    this.#server = createServer((socket) => {
      this.sockets.add(socket);
      const lines = guestLines();
      socket.on('error', () => {});
      socket.on('data', (chunk) => {
        for (const line of lines(chunk)) void this.#serve(socket, v.parse(GuestRequest, JSON.parse(line)));
      });
    });
    this.#server.listen(path);
  }

  async #serve(socket: Socket, request: GuestRequest): Promise<void> {
    this.requests.push(request);
    try {
      socket.write(encodeGuestLine({ id: request.id, result: await this.answer(request) }));
    } catch (error) {
      socket.write(encodeGuestLine({ id: request.id, error: { message: String(error) } }));
    }
  }

  say(line: string): void {
    for (const socket of this.sockets) socket.write(line);
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

const place = { directory: '', socket: '' };

beforeEach(() => {
  place.directory = mkdtempSync(join(tmpdir(), 'kcore-guests-'));
  place.socket = join(place.directory, 'guests.sock');
});
afterEach(() => rmSync(place.directory, { recursive: true }));

describe('the namespace runtime', () => {
  it('says what it cannot do', () => {
    expect(createNamespaceRuntime({ socket: '/none', clock: new FakeClock() }).description).toBe(
      'namespace (image not booted)',
    );
  });

  it('asks the guest host, and matches answers that come in another order', async () => {
    const host = new Host(place.socket);
    const late = Promise.resolve().then(() => new Promise((resolve) => setImmediate(resolve)));
    host.answer = async ({ method }) => {
      if (method === 'observe') await late;
      return method === 'observe'
        ? { guests: [{ name: 'web-01', uid: 'u', state: 'running', pid: 7 }] }
        : { nics: [{ netns: '/run/netns/x', name: 'nic0' }] };
    };
    await using runtime = createNamespaceRuntime({ socket: place.socket, clock: systemClock });
    const observed = runtime.observe();
    expect(await runtime.prepare(vm('web-01', 'web'))).toEqual([{ kind: 'veth', netns: '/run/netns/x', name: 'nic0' }]);
    expect(await observed).toEqual([{ name: 'web-01', uid: 'u', state: 'running', pid: 7 }]);
    await host.close();
  });

  it('refuses an answer that has not one place for each NIC', async () => {
    const host = new Host(place.socket);
    host.answer = () => ({ nics: [] });
    await using runtime = createNamespaceRuntime({ socket: place.socket, clock: systemClock });
    await expect(runtime.prepare(vm('web-01', 'web'))).rejects.toThrow("prepared 0 of the 1 NICs of VM 'web-01'");
    await host.close();
  });

  it('hands a running guest its new NICs, with the documents that it understands', async () => {
    const host = new Host(place.socket);
    await using runtime = createNamespaceRuntime({ socket: place.socket, clock: systemClock });
    const seed = { metaData: 'm', networkConfig: 'n', userData: 'u' };
    await runtime.plug?.(vm('web-01', 'web'), 0, { ...seed, vendorData: 'v' }, 1450);
    await runtime.unplug?.('web-01', 1, new AbortController().signal);
    expect(host.requests.map(({ method, params }) => [method, params])).toEqual([
      ['setNics', { vm: vm('web-01', 'web'), seed }],
      ['dropNic', { name: 'web-01', index: 1 }],
    ]);
    await host.close();
  });

  it('passes on what the host says went wrong', async () => {
    const host = new Host(place.socket);
    host.answer = () => {
      throw new Error('no such guest');
    };
    await using runtime = createNamespaceRuntime({ socket: place.socket, clock: systemClock });
    await expect(runtime.stop('web-01')).rejects.toThrow('no such guest');
    await host.close();
  });

  it('says that the host is away, with the path and the remedy', async () => {
    await using runtime = createNamespaceRuntime({ socket: place.socket, clock: systemClock });
    await expect(runtime.observe()).rejects.toThrow(
      `the guest host is away: ${place.socket}: ENOENT; start it, or correct runtime.socket`,
    );
  });

  it('fails what waits when the host goes, and finds it again', async () => {
    const host = new Host(place.socket);
    host.answer = () => new Promise(() => {});
    await using runtime = createNamespaceRuntime({ socket: place.socket, clock: systemClock });
    const observed = runtime.observe();
    observed.catch(() => {});
    while (host.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await host.close();
    await expect(observed).rejects.toThrow('closed the connection');
    const back = new Host(place.socket);
    back.answer = () => ({ guests: [] });
    expect(await runtime.observe()).toEqual([]);
    await back.close();
  });

  it('ends a connection on which something else than the protocol is spoken', async () => {
    const host = new Host(place.socket);
    host.answer = () => new Promise(() => {});
    await using runtime = createNamespaceRuntime({ socket: place.socket, clock: systemClock });
    const observed = runtime.observe();
    observed.catch(() => {});
    while (host.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    host.say('HTTP/1.1 200 OK\n');
    await expect(observed).rejects.toThrow('sent something else than its protocol');
    await host.close();
  });

  it('tells of guests that changed by themselves', async () => {
    const host = new Host(place.socket);
    await using runtime = createNamespaceRuntime({ socket: place.socket, clock: systemClock });
    const over = new AbortController();
    const names: string[] = [];
    for await (const { name } of runtime.watch(over.signal)) {
      names.push(name);
      // The empty name says that the host was reached: look at everything.
      if (name === '') host.say(encodeGuestLine({ changed: 'web-01' }));
      else over.abort();
    }
    expect(names).toEqual(['', 'web-01']);
    await host.close();
  });
});
