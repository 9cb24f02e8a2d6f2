import { connect, type Socket } from 'node:net';
import * as v from 'valibot';
import { QmpError, type QmpEvent, QmpMessage, qmpLines } from './qmp-protocol.ts';

/** How long QEMU may take to answer a command, milliseconds. It answers at once unless its host is starved. */
const DEADLINE_MILLISECONDS = 30_000;

/** A conversation with one QEMU. QEMU serves one client at a time: a second one waits until the first is gone. */
export interface Qmp {
  /** @throws {QmpError} when QEMU refused; an Error when the connection ended or no answer came. */
  execute(command: string, argument?: Readonly<Record<string, unknown>>): Promise<unknown>;
  /** Whether the connection has ended, which it does with QEMU itself. */
  readonly closed: boolean;
  close(): void;
}

export interface QmpListener {
  readonly onEvent: (event: QmpEvent) => void;
  /** Called once, when an open connection ended for whatever reason; a killed QEMU is known by this alone. */
  readonly onClose: () => void;
}

interface Pending {
  readonly settle: (result: unknown) => void;
  readonly fail: (error: Error) => void;
}

/**
 * Connects, and leaves QEMU's negotiation mode, so that commands are accepted.
 * @throws {Error} with the system's code when nobody listens at `path`.
 */
export async function openQmp(path: string, listener: QmpListener, signal: AbortSignal): Promise<Qmp> {
  const conversation = new Conversation(await connectTo(path, signal), path, listener);
  try {
    await conversation.greeted;
    await conversation.execute('qmp_capabilities');
  } catch (error) {
    conversation.close();
    throw error;
  }
  return conversation;
}

class Conversation implements Qmp {
  readonly greeted: Promise<void>;
  readonly #socket: Socket;
  readonly #path: string;
  readonly #listener: QmpListener;
  readonly #pending = new Map<number, Pending>();
  #last = 0;
  #greet: () => void = () => {};
  #refuse: (error: Error) => void = () => {};

  constructor(socket: Socket, path: string, listener: QmpListener) {
    this.#socket = socket;
    this.#path = path;
    this.#listener = listener;
    this.greeted = new Promise((resolve, reject) => {
      this.#greet = resolve;
      this.#refuse = reject;
    });
    const lines = qmpLines();
    socket.setTimeout(DEADLINE_MILLISECONDS);
    socket.once('timeout', () => this.#refuse(new Error(`QEMU at ${path} does not greet: another client holds it`)));
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const line of lines(chunk)) this.#receive(v.parse(QmpMessage, JSON.parse(line)));
      } catch (cause) {
        this.#end(new Error(`QEMU at ${path} sent something else than QMP`, { cause }));
      }
    });
    socket.on('error', (cause) => this.#end(new Error(`the connection to QEMU at ${path} failed`, { cause })));
    socket.on('close', () => {
      this.#end(new Error(`QEMU at ${path} closed the connection`));
      listener.onClose();
    });
  }

  get closed(): boolean {
    return this.#socket.destroyed;
  }

  execute(command: string, argument: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    if (this.closed) return Promise.reject(new Error(`QEMU at ${this.#path} closed the connection`));
    this.#last += 1;
    const id = this.#last;
    return new Promise((resolve, reject) => {
      const forget = (): void => {
        clearTimeout(timer);
        this.#pending.delete(id);
      };
      const fail = (error: Error): void => {
        forget();
        reject(error instanceof QmpRefusal ? new QmpError(command, error.reason, error.message) : error);
      };
      const settle = (result: unknown): void => {
        forget();
        resolve(result);
      };
      const timer = setTimeout(
        () => fail(new Error(`QEMU did not answer '${command}' within ${DEADLINE_MILLISECONDS / 1000} s`)),
        DEADLINE_MILLISECONDS,
      );
      this.#pending.set(id, { settle, fail });
      this.#socket.write(`${JSON.stringify({ execute: command, arguments: argument, id })}\n`);
    });
  }

  close(): void {
    this.#end(new Error(`the connection to QEMU at ${this.#path} was closed`));
  }

  #receive(message: QmpMessage): void {
    if ('QMP' in message) {
      this.#socket.setTimeout(0);
      this.#greet();
    } else if ('event' in message) {
      this.#listener.onEvent({ event: message.event, data: message.data ?? {} });
    } else if ('error' in message) {
      const refusal = new QmpRefusal(message.error.class, message.error.desc);
      // An error without an id is about a line that QEMU could not read: the oldest command is the one it means.
      this.#pendingOf(message.id)?.fail(refusal);
    } else {
      this.#pendingOf(message.id)?.settle(message.return);
    }
  }

  #pendingOf(id: number | undefined): Pending | undefined {
    return id === undefined ? this.#pending.values().next().value : this.#pending.get(id);
  }

  #end(error: Error): void {
    this.#socket.destroy();
    this.#refuse(error);
    for (const { fail } of [...this.#pending.values()]) fail(error);
  }
}

/** A refusal before it is known which command it answers. */
class QmpRefusal extends Error {
  readonly reason: string;

  constructor(reason: string, description: string) {
    super(description);
    this.reason = reason;
  }
}

function connectTo(path: string, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path, signal });
    const refuse = (cause: NodeJS.ErrnoException): void =>
      reject(new Error(`QEMU is not reachable at ${path}: ${cause.code ?? cause.message}`, { cause }));
    socket.once('error', refuse);
    socket.once('connect', () => {
      socket.removeListener('error', refuse);
      resolve(socket);
    });
  });
}
