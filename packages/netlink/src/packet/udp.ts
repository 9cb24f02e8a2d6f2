import { ipv4 } from '../codec/address.ts';
import { decode, encode } from '../codec/codec.ts';
import { integer } from '../codec/integer.ts';
import { be32 } from '../codec/scalar.ts';
import { LoopSocket, type Received } from '../native/loop-socket.ts';
import { type Netns, runTask } from '../native/task.ts';
import { receiveBatches } from './receive.ts';
import { type Outgoing, Sender } from './send.ts';

/** One UDP payload. The address and port are the source of what is received, the destination of what is sent. */
export interface UdpDatagram {
  readonly data: Uint8Array;
  /** Dotted IPv4. */
  readonly address: string;
  readonly port: number;
}

/** A UDP socket that sees one device only (SO_BINDTODEVICE), which node:dgram cannot be. */
export interface UdpSocket extends AsyncDisposable {
  /** One iteration at a time. It ends when the device is deleted, the socket closed, or the signal aborts. */
  receive(signal?: AbortSignal): AsyncIterable<readonly UdpDatagram[]>;
  /**
   * Resolves with how many the kernel took, in order.
   * @throws {SystemError} It took none. @throws {ValueError} An address or port is none: nothing was sent.
   */
  send(batch: readonly UdpDatagram[]): Promise<number>;
  /** Datagrams that found no room in the receive buffer, since the socket was opened. */
  dropped(): number;
}

/** Which device and port a UDP socket is bound to. */
export interface UdpOptions {
  readonly device: string;
  /** Local port, on all of the device's addresses; shared with other devices' sockets (SO_REUSEADDR). */
  readonly port: number;
  readonly broadcast: boolean;
  readonly netns?: Netns;
  /** Bytes, as the kernel counts them: about 1 KiB a small packet. */
  readonly receiveBuffer?: number;
  readonly sendBuffer?: number;
}

/** Holds what 1,500 machines that start at once ask for while the program is busy. */
const DEFAULT_RECEIVE_BUFFER = 4 << 20;

/** @throws {SystemError} ENODEV, EADDRINUSE, EPERM. @throws {ValueError} A port or buffer size that is none. */
export async function openUdpSocket(options: UdpOptions): Promise<UdpSocket> {
  const operation = `open udp port ${options.port} on ${options.device}`;
  const { descriptor } = await runTask({
    kind: 'openUdp',
    operation,
    netns: options.netns,
    name: options.device,
    numbers: [
      options.port,
      options.broadcast ? 1 : 0,
      options.receiveBuffer ?? DEFAULT_RECEIVE_BUFFER,
      options.sendBuffer ?? 0,
    ],
  });
  return new DeviceUdpSocket(new LoopSocket({ descriptor, udp: true }), options.device);
}

class DeviceUdpSocket implements UdpSocket {
  readonly #socket: LoopSocket;
  readonly #sender: Sender;
  readonly #device: string;

  constructor(socket: LoopSocket, device: string) {
    this.#socket = socket;
    this.#sender = new Sender(socket, `send udp on ${device}`);
    this.#device = device;
  }

  receive(signal?: AbortSignal): AsyncGenerator<readonly UdpDatagram[]> {
    return receiveBatches(this.#socket, `receive udp on ${this.#device}`, receivedDatagram, signal);
  }

  async send(batch: readonly UdpDatagram[]): Promise<number> {
    return await this.#sender.send(batch.map(outgoing));
  }

  dropped(): number {
    return this.#socket.dropped();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#socket[Symbol.asyncDispose]();
  }
}

/** The address is made text when somebody asks: few servers look at the source of every request. */
class ReceivedDatagram implements UdpDatagram {
  readonly data: Uint8Array;
  readonly port: number;
  readonly #source: number;

  constructor({ data, address, port }: Received) {
    this.data = data;
    this.port = port;
    this.#source = address;
  }

  get address(): string {
    return decode(ipv4, encode(be32, this.#source >>> 0));
  }
}

function receivedDatagram(item: Received): UdpDatagram {
  return new ReceivedDatagram(item);
}

function outgoing({ data, address, port }: UdpDatagram): Outgoing {
  return { data, port: integer('port', port, 0, 0xffff), address: numberOf(address) };
}

/** The native side takes and gives addresses as 32-bit numbers. */
function numberOf(address: string): number {
  return decode(be32, encode(ipv4, address)) | 0;
}
