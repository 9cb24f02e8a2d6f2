/**
 * Sockets for DHCP and ARP, in batches: the shape of recvmmsg and sendmmsg, also when there is one packet.
 * The real ones come from @kcore/netlink; tests use an in-memory twin.
 */
export interface Datagram {
  readonly data: Uint8Array;
  /** Source on receive, destination on send; dotted IPv4. */
  readonly address: string;
  readonly port: number;
}

/** UDP bound to one device (SO_BINDTODEVICE) and one port. */
export interface UdpDeviceSocket extends AsyncDisposable {
  /** Yields what was readable at once, oldest first; ends when the device is gone or the socket is disposed. */
  receive(signal: AbortSignal): AsyncIterable<readonly Datagram[]>;
  /** Resolves with how many the kernel took, in order. */
  send(batch: readonly Datagram[]): Promise<number>;
  /** How many found no room in the receive buffer, since the socket was opened. */
  dropped(): number;
}

/** Whole Ethernet frames on one device (AF_PACKET, SOCK_RAW). */
export interface PacketSocket extends AsyncDisposable {
  /** The device's own MAC, as it is now: a bridge's changes with its ports. The source of frames sent. */
  readonly mac: string;
  receive(signal: AbortSignal): AsyncIterable<readonly Uint8Array[]>;
  send(frames: readonly Uint8Array[]): Promise<number>;
  /** How many found no room in the receive buffer, since the socket was opened. */
  dropped(): number;
}

/** An instruction of a classic BPF program over a frame. Source: linux/filter.h. */
export interface FilterInstruction {
  readonly code: number;
  readonly jt?: number;
  readonly jf?: number;
  readonly k?: number;
}

export interface PacketSockets {
  openUdp(options: { readonly link: string; readonly port: number }): Promise<UdpDeviceSocket>;
  /** `etherType` is what is received, for example 0x0806 (ARP), and `filter` which of that; 0: a socket to send on. */
  openPacket(options: {
    readonly link: string;
    readonly etherType: number;
    readonly filter?: readonly FilterInstruction[];
  }): Promise<PacketSocket>;
}
