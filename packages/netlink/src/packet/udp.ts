import { ipv4 } from '../codec/address.ts';
import { decode, encode } from '../codec/codec.ts';
import { be32 } from '../codec/scalar.ts';
import { Port, type Received, UDP_PORT } from '../native/port.ts';
import { type Netns, runTask } from '../native/task.ts';
import { receiveBatches } from './receive.ts';
import { sendBatch } from './send.ts';

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
  /** Resolves with how many the kernel took, in order. @throws {SystemError} It took none. */
  send(batch: readonly UdpDatagram[]): Promise<number>;
}

export interface UdpOptions {
  readonly device: string;
  /** Local port, on all of the device's addresses; shared with other devices' sockets (SO_REUSEADDR). */
  readonly port: number;
  readonly broadcast: boolean;
  readonly netns?: Netns;
  /** Bytes, as the kernel counts them: about 1 KiB a small packet. */
  readonly receiveBuffer?: number;
}

/** Holds what 1,500 machines that start at once ask for while the program is busy. */
const DEFAULT_RECEIVE_BUFFER = 4 << 20;

/** @throws {SystemError} ENODEV, EADDRINUSE, EPERM. */
export async function openUdpSocket(options: UdpOptions): Promise<UdpSocket> {
  const operation = `open udp port ${options.port} on ${options.device}`;
  const opened = await runTask({
    kind: 'openUdp',
    operation,
    netns: options.netns,
    name: options.device,
    numbers: [options.port, options.broadcast ? 1 : 0, options.receiveBuffer ?? DEFAULT_RECEIVE_BUFFER],
  });
  return new DeviceUdpSocket(
    new Port(UDP_PORT, { descriptor: opened.descriptor, watch: opened.second, ifindex: opened.ifindex }),
    options.device,
  );
}

class DeviceUdpSocket implements UdpSocket {
  readonly #port: Port;
  readonly #device: string;

  constructor(port: Port, device: string) {
    this.#port = port;
    this.#device = device;
  }

  async *receive(signal?: AbortSignal): AsyncGenerator<readonly UdpDatagram[]> {
    for await (const batch of receiveBatches(this.#port, `receive udp on ${this.#device}`, signal)) {
      yield batch.map(datagramOf);
    }
  }

  send(batch: readonly UdpDatagram[]): Promise<number> {
    const outgoing = batch.map(({ data, address, port }) => ({ data, port, address: numberOf(address) }));
    return sendBatch(this.#port, `send udp on ${this.#device}`, outgoing);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#port[Symbol.asyncDispose]();
  }
}

/** The native side takes and gives addresses as 32-bit numbers. */
function numberOf(address: string): number {
  return decode(be32, encode(ipv4, address)) | 0;
}

function datagramOf({ data, address, port }: Received): UdpDatagram {
  return { data, port, address: decode(ipv4, encode(be32, address >>> 0)) };
}
