import { mac } from '../codec/address.ts';
import { decode } from '../codec/codec.ts';
import { PACKET_PORT, Port } from '../native/port.ts';
import { type Netns, runTask } from '../native/task.ts';
import { receiveBatches } from './receive.ts';
import { sendBatch } from './send.ts';

/** Whole Ethernet frames of one device (AF_PACKET, SOCK_RAW). Frames sent by this host are not received. */
export interface FrameSocket extends AsyncDisposable {
  /** The device's address when the socket was opened. */
  readonly mac: string;
  /** One iteration at a time. It ends when the device is deleted or set down, the socket closed, or the signal aborts. */
  receive(signal?: AbortSignal): AsyncIterable<readonly Uint8Array[]>;
  /** Frames with their Ethernet header. Resolves with how many the kernel took, in order. @throws {SystemError} It took none. */
  send(frames: readonly Uint8Array[]): Promise<number>;
}

export interface PacketOptions {
  readonly device: string;
  /** What is received: 0x0806 is ARP, 3 (ETH_P_ALL) everything, 0 nothing. */
  readonly etherType: number;
  readonly netns?: Netns;
  /** Bytes, as the kernel counts them. */
  readonly receiveBuffer?: number;
}

const DEFAULT_RECEIVE_BUFFER = 1 << 20;

/** @throws {SystemError} ENODEV, EPERM. */
export async function openPacketSocket(options: PacketOptions): Promise<FrameSocket> {
  const opened = await runTask({
    kind: 'openPacket',
    operation: `open packet socket on ${options.device}`,
    netns: options.netns,
    name: options.device,
    numbers: [options.etherType, options.receiveBuffer ?? DEFAULT_RECEIVE_BUFFER],
  });
  const address = decode(mac, Uint8Array.from(opened.address));
  return new DevicePacketSocket(new Port(PACKET_PORT, opened), options.device, address);
}

class DevicePacketSocket implements FrameSocket {
  readonly mac: string;
  readonly #port: Port;
  readonly #device: string;

  constructor(port: Port, device: string, address: string) {
    this.#port = port;
    this.#device = device;
    this.mac = address;
  }

  async *receive(signal?: AbortSignal): AsyncGenerator<readonly Uint8Array[]> {
    for await (const batch of receiveBatches(this.#port, `receive frames on ${this.#device}`, signal)) {
      yield batch.map(({ data }) => data);
    }
  }

  send(frames: readonly Uint8Array[]): Promise<number> {
    return sendBatch(
      this.#port,
      `send frames on ${this.#device}`,
      frames.map((data) => ({ data })),
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#port[Symbol.asyncDispose]();
  }
}
