import { connect, type Socket } from 'node:net';
import {
  encodeGuestLine,
  GuestMessage,
  type GuestMethodName,
  type GuestParams,
  type GuestResult,
  guestLines,
  guestMethods,
} from '@kcore/contract';
import * as v from 'valibot';

/** How long the guest host may take to answer, milliseconds: stopping waits for a guest that shuts down gracefully. */
const DEADLINES: Readonly<Record<GuestMethodName, number>> = {
  observe: 5_000,
  prepare: 10_000,
  start: 30_000,
  setNics: 10_000,
  dropNic: 10_000,
  stop: 60_000,
  remove: 60_000,
};

/** One connection to the guest host: many requests at once, answered in any order. */
export interface GuestConnection {
  request<M extends GuestMethodName>(method: M, params: GuestParams<M>): Promise<GuestResult<M>>;
  close(): void;
}

interface Pending {
  readonly settle: (result: unknown) => void;
  readonly fail: (error: Error) => void;
}

/**
 * @param changed called with the name of a guest that changed its state by itself.
 * @param closed called once, when an open connection ended for whatever reason.
 * @throws {Error} with the socket's path and the system's code, when nobody listens there.
 */
export async function openGuestConnection(
  path: string,
  changed: (name: string) => void,
  closed: () => void,
): Promise<GuestConnection> {
  const socket = await connectTo(path);
  const pending = new Map<number, Pending>();
  const counter = { last: 0 };
  const lines = guestLines();
  const end = (error: Error): void => {
    socket.destroy();
    for (const { fail } of pending.values()) fail(error);
    pending.clear();
  };
  socket.on('data', (chunk: Buffer) => {
    try {
      for (const line of lines(chunk)) receive(v.parse(GuestMessage, JSON.parse(line)), pending, changed);
    } catch (cause) {
      end(new Error(`the guest host at ${path} sent something else than its protocol`, { cause }));
    }
  });
  socket.on('error', (cause) => end(new Error(`the connection to the guest host at ${path} failed`, { cause })));
  socket.on('close', () => {
    end(new Error(`the guest host at ${path} closed the connection`));
    closed();
  });

  return {
    request(method, params) {
      counter.last += 1;
      return ask(socket, pending, { id: counter.last, method, params });
    },
    close: () => end(new Error(`the connection to the guest host at ${path} was closed`)),
  };
}

function connectTo(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    const refuse = (cause: NodeJS.ErrnoException): void =>
      reject(
        new Error(
          `the guest host is away: ${path}: ${cause.code ?? cause.message}; start it, or correct runtime.socket`,
          {
            cause,
          },
        ),
      );
    socket.once('error', refuse);
    socket.once('connect', () => {
      socket.removeListener('error', refuse);
      resolve(socket);
    });
  });
}

function receive(message: GuestMessage, pending: Map<number, Pending>, changed: (name: string) => void): void {
  if ('changed' in message) {
    changed(message.changed);
    return;
  }
  const waiting = pending.get(message.id);
  pending.delete(message.id);
  if ('error' in message) waiting?.fail(new Error(message.error.message));
  else waiting?.settle(message.result);
}

function ask<M extends GuestMethodName>(
  socket: Socket,
  pending: Map<number, Pending>,
  request: { readonly id: number; readonly method: M; readonly params: GuestParams<M> },
): Promise<GuestResult<M>> {
  return new Promise((resolve, reject) => {
    const { id, method } = request;
    if (socket.destroyed) {
      reject(new Error('the guest host closed the connection'));
      return;
    }
    const fail = (error: Error): void => {
      clearTimeout(timer);
      pending.delete(id);
      reject(error);
    };
    const deadline = DEADLINES[method];
    const timer = setTimeout(
      () => fail(new Error(`the guest host did not answer '${method}' within ${deadline / 1000} s`)),
      deadline,
    );
    const settle = (result: unknown): void => {
      clearTimeout(timer);
      const checked = v.safeParse(guestMethods[method].result, result);
      if (checked.success) resolve(checked.output as GuestResult<M>);
      else reject(new Error(`the guest host answered '${method}' with something else: ${checked.issues[0].message}`));
    };
    pending.set(id, { settle, fail });
    socket.write(encodeGuestLine(request));
  });
}
