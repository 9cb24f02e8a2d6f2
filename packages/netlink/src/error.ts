/** What the kernel says about an attribute that failed its policy. Source: NL_POLICY_TYPE_ATTR_* of linux/netlink.h. */
export interface AttributePolicy {
  readonly type: string;
  readonly min?: bigint;
  readonly max?: bigint;
  readonly minLength?: number;
  readonly maxLength?: number;
}

interface NetlinkErrorDetails {
  readonly operation: string;
  readonly errno: number;
  readonly code: string;
  readonly kernelMessage?: string;
  readonly attribute?: string;
  readonly offset?: number;
  readonly policy?: AttributePolicy;
  readonly request: object;
}

/** The kernel refused a request. `create link vx100: EEXIST: <the kernel's own text> (linkinfo.data.vni)` */
export class NetlinkError extends Error {
  override readonly name = 'NetlinkError';
  readonly operation: string;
  /** Positive, as in errno.h. */
  readonly errno: number;
  readonly code: string;
  /** The text of the extended acknowledgement, where the kernel gave one. */
  declare readonly kernelMessage?: string;
  /** Path of the attribute that the kernel points at; members of lists by their index. */
  declare readonly attribute?: string;
  /** Where it points at, in bytes from the start of the request's nlmsghdr. */
  declare readonly offset?: number;
  declare readonly policy?: AttributePolicy;
  /** The request that failed. */
  readonly request: object;

  constructor(details: NetlinkErrorDetails) {
    super(messageOf(details));
    this.operation = details.operation;
    this.errno = details.errno;
    this.code = details.code;
    this.request = details.request;
    if (details.kernelMessage !== undefined) this.kernelMessage = details.kernelMessage;
    if (details.attribute !== undefined) this.attribute = details.attribute;
    if (details.offset !== undefined) this.offset = details.offset;
    if (details.policy !== undefined) this.policy = details.policy;
  }
}

/** The kernel itself says nothing more about it. Few other things are EPERM, so this is said of all of them. */
const NOT_PERMITTED = 'changes need CAP_NET_ADMIN in the user namespace that owns the network namespace';

function messageOf({ operation, code, kernelMessage, attribute }: NetlinkErrorDetails): string {
  const reason = kernelMessage ?? (code === 'EPERM' ? NOT_PERMITTED : undefined);
  const text = reason === undefined ? '' : `: ${reason}`;
  return `${operation}: ${code}${text}${attribute === undefined ? '' : ` (${attribute})`}`;
}

/** The request reached the kernel, its acknowledgement did not come back: it may have been executed or not. Look again. */
export class UnknownOutcomeError extends Error {
  override readonly name = 'UnknownOutcomeError';
  readonly code = 'UNKNOWN_OUTCOME';
  readonly operation: string;

  constructor(operation: string, reason: string, options?: ErrorOptions) {
    super(`${operation}: the outcome is unknown: ${reason}`, options);
    this.operation = operation;
  }
}

/** The kernel, or what stands in for it, answered with something that netlink does not allow. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  readonly code = 'PROTOCOL';
}

/** A system call on a socket, device or namespace failed. `open udp socket on kbr-nat: ENODEV` */
export class SystemError extends Error {
  override readonly name = 'SystemError';
  readonly code: string;
  /** Positive, as in errno.h. */
  readonly errno: number;

  constructor(operation: string, errno: number, code: string, remedy?: string) {
    super(`${operation}: ${code}${remedy === undefined ? '' : ` (${remedy})`}`);
    this.code = code;
    this.errno = errno;
  }
}

/** The socket, or the queue in front of it, was closed before the request was sent. */
export class ClosedError extends Error {
  override readonly name = 'ClosedError';
  readonly code = 'CLOSED';
}
