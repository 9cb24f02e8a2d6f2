import { type ChunkReply, Port } from '../native/port.ts';
import { type Netns, runTask } from '../native/task.ts';

/** Below a connection: bytes out, datagrams back. Tests put a fake kernel here. */
export interface Transport extends AsyncDisposable {
  /**
   * Sends each chunk of `bytes` (by `lengths`) and drains all that answers it, then the next. Calls may come before
   * earlier ones have ended, and are done in order. The bytes are the caller's again when the call returns its promise.
   */
  transact(bytes: Uint8Array, lengths: Int32Array): Promise<readonly ChunkReply[]>;
}

export interface TransportOptions {
  /** NETLINK_ROUTE, NETLINK_NETFILTER. */
  readonly protocol: number;
  readonly netns?: Netns;
  /** Bytes. The default holds the acknowledgements of many times what a chunk can have. */
  readonly receiveBuffer?: number;
  /** Bytes: the longest sendmsg, which is an nftables transaction. */
  readonly sendBuffer?: number;
}

const MIB = 1 << 20;

/** @throws {SystemError} EPERM, EMFILE, ENOENT of the namespace's path. */
export async function openTransport(options: TransportOptions): Promise<Transport> {
  const opened = await runTask({
    kind: 'openNetlink',
    operation: `open netlink socket of protocol ${options.protocol}`,
    netns: options.netns,
    numbers: [options.protocol, options.receiveBuffer ?? 4 * MIB, options.sendBuffer ?? 32 * MIB],
  });
  return new Port(opened);
}
