import { mac } from '../codec/address.ts';
import { decode } from '../codec/codec.ts';
import { integer } from '../codec/integer.ts';
import { LoopSocket, type Received } from '../native/loop-socket.ts';
import { type Netns, runTask } from '../native/task.ts';
import { receiveBatches } from './receive.ts';
import { Sender } from './send.ts';

/** Whole Ethernet frames of one device (AF_PACKET, SOCK_RAW). Frames sent by this host are not received. */
export interface FrameSocket extends AsyncDisposable {
  /** The device's own address, as it is now: a bridge's changes with its ports. The last one known when the device is gone. */
  readonly mac: string;
  /** Frames that found no room in the receive buffer, since the socket was opened. */
  dropped(): number;
  /** One iteration at a time. It ends when the device is deleted or set down, the socket closed, or the signal aborts. */
  receive(signal?: AbortSignal): AsyncIterable<readonly Uint8Array[]>;
  /** Frames with their Ethernet header. Resolves with how many the kernel took, in order. @throws {SystemError} It took none. */
  send(frames: readonly Uint8Array[]): Promise<number>;
}

/** Which device a packet socket is bound to, and what it receives. */
export interface PacketOptions {
  readonly device: string;
  /** What is received: 0x0806 is ARP, 3 (ETH_P_ALL) everything, 0 nothing. */
  readonly etherType: number;
  readonly netns?: Netns;
  /** Which of those frames, decided in the kernel; all when absent. */
  readonly filter?: readonly BpfInstruction[];
  /** Bytes, as the kernel counts them; beyond net.core.rmem_max with CAP_NET_ADMIN. */
  readonly receiveBuffer?: number;
  readonly sendBuffer?: number;
}

/**
 * One instruction of a classic BPF program over a frame, Ethernet header included; at most 32. It returns how many bytes
 * of the frame are kept. Source: linux/filter.h, `struct sock_filter`.
 */
export interface BpfInstruction {
  readonly code: number;
  readonly jt?: number;
  readonly jf?: number;
  readonly k?: number;
}

const MAX_INSTRUCTIONS = 32;

/** Two words an instruction, as native/task_sockets.h reads them. */
function filterWords(filter: readonly BpfInstruction[]): number[] {
  if (filter.length > MAX_INSTRUCTIONS)
    throw new RangeError(`a filter of ${filter.length} instructions is longer than ${MAX_INSTRUCTIONS}`);
  return filter.flatMap(({ code, jt = 0, jf = 0, k = 0 }, index) => {
    const field = (name: string, value: number, least: number, most: number): number =>
      integer(`filter.${index}.${name}`, value, least, most);
    const jumps = (field('jt', jt, 0, 0xff) << 16) | (field('jf', jf, 0, 0xff) << 24);
    // Offsets of the kernel's own, such as SKF_AD_OFF, are written as negative numbers.
    return [field('code', code, 0, 0xffff) | jumps, field('k', k, -0x8000_0000, 0xffff_ffff) | 0];
  });
}

const DEFAULT_RECEIVE_BUFFER = 1 << 20;

/** @throws {SystemError} ENODEV, EPERM. @throws {ValueError} An ether type, buffer size or filter that is none. */
export async function openPacketSocket(options: PacketOptions): Promise<FrameSocket> {
  const { descriptor } = await runTask({
    kind: 'openPacket',
    operation: `open packet socket on ${options.device}`,
    netns: options.netns,
    name: options.device,
    numbers: [options.etherType, options.receiveBuffer ?? DEFAULT_RECEIVE_BUFFER, options.sendBuffer ?? 0],
    groups: filterWords(options.filter ?? []),
  });
  return new DevicePacketSocket(new LoopSocket({ descriptor, udp: false }), options.device);
}

class DevicePacketSocket implements FrameSocket {
  readonly #socket: LoopSocket;
  readonly #sender: Sender;
  readonly #device: string;
  #address: number;
  #mac: string;

  constructor(socket: LoopSocket, device: string) {
    this.#socket = socket;
    this.#sender = new Sender(socket, `send frames on ${device}`);
    this.#device = device;
    this.#address = socket.deviceAddress() ?? 0;
    this.#mac = macText(this.#address);
  }

  get mac(): string {
    const address = this.#socket.deviceAddress() ?? this.#address;
    if (address !== this.#address) {
      this.#address = address;
      this.#mac = macText(address);
    }
    return this.#mac;
  }

  receive(signal?: AbortSignal): AsyncGenerator<readonly Uint8Array[]> {
    return receiveBatches(this.#socket, `receive frames on ${this.#device}`, dataOf, signal);
  }

  send(frames: readonly Uint8Array[]): Promise<number> {
    return this.#sender.send(frames.map((data) => ({ data })));
  }

  dropped(): number {
    return this.#socket.dropped();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#socket[Symbol.asyncDispose]();
  }
}

function macText(address: number): string {
  const bytes = new DataView(new ArrayBuffer(8));
  bytes.setBigUint64(0, BigInt(address));
  return decode(mac, new Uint8Array(bytes.buffer, 2));
}

function dataOf({ data }: Received): Uint8Array {
  return data;
}
