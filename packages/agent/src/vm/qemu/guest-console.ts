import type { Socket } from 'node:net';
import type { GuestConsole } from '../../model/runtime.ts';

/** The console of a guest over QEMU's socket, which QEMU serves to one at a time. */
export async function openGuestConsole(socket: Socket, vm: string): Promise<GuestConsole> {
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', (cause) => reject(new Error(`the console of VM '${vm}' is not reachable`, { cause })));
  });
  // It ends with QEMU, or by being disposed; both are the console's end and nobody's error.
  socket.on('error', () => socket.destroy());
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return {
    output: output(socket),
    write: (bytes) =>
      new Promise((resolve, reject) => {
        if (socket.destroyed) reject(new Error(`the console of VM '${vm}' ended`));
        else socket.write(bytes, (error) => (error ? reject(error) : resolve()));
      }),
    async [Symbol.asyncDispose](): Promise<void> {
      socket.destroy();
      await closed;
    },
  };
}

async function* output(socket: Socket): AsyncIterable<Uint8Array> {
  try {
    for await (const chunk of socket) yield chunk as Buffer;
  } catch {
    // Destroyed while somebody read.
  }
}
