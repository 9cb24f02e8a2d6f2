export { type Channel, type ChannelClosed, channelPair, closeCodes } from './channel.ts';
export { check, type Issue, issuesOf } from './check.ts';
export { DhcpOption, dhcpOptionHex } from './dhcp-option.ts';
export { type DhcpRange, dhcpRange } from './dhcp-range.ts';
export { DhcpBootSpec, DhcpSpec, INFINITE_LEASE_SECONDS } from './dhcp-spec.ts';
export { dnsmasqLease } from './dnsmasq-lease.ts';
export {
  alreadyExists,
  type ErrorCode,
  type ErrorDetails,
  errorCodes,
  failedPrecondition,
  invalidArgument,
  isErrorCode,
  KcoreError,
  notFound,
} from './errors.ts';
export {
  encodeGuestLine,
  GUEST_LINE_MAX,
  GUEST_STATES,
  GuestMessage,
  type GuestMethodName,
  GuestNic,
  GuestObserved,
  type GuestParams,
  GuestRequest,
  type GuestResult,
  GuestSeed,
  guestLines,
  guestMethods,
} from './guest-protocol.ts';
export {
  CONTROLLER_DNS_NAME,
  describeIdentity,
  type Identity,
  identityOfCertificate,
  identityUri,
  parseIdentityUri,
} from './identity.ts';
export { CatalogueImage, Digest, DiskFormat, DiskSource, ImageName, ImageStatus } from './image.ts';
export {
  broadcastOf,
  contains,
  formatIpv4,
  formatSubnet,
  type Ipv4Number,
  isIpv4,
  netmaskOfPrefix,
  overlaps,
  parseIpv4,
  parseSubnet,
  prefixOfNetmask,
  type Subnet,
  subnetOf,
  subnetSize,
} from './ipv4.ts';
export {
  applyChange,
  differenceOf,
  emptyState,
  isEmptyChange,
  type KeyedChange,
  type KeyedState,
  snapshotOf,
} from './keyed-change.ts';
export {
  KeptDisks,
  MAX_MESSAGE_BYTES,
  type MethodName,
  methods,
  NetworkDescription,
  NetworkView,
  NodeDescription,
  NodeView,
  type Notification,
  type NotificationName,
  notifications,
  type Params,
  type Result,
  SshKey,
  type StreamMethodName,
  SUBPROTOCOL,
  VmView,
} from './methods.ts';
export {
  bridgeName,
  INTERFACE_NAME_MAX,
  type InterfaceName,
  localBridgeMac,
  nicMac,
  nicSeed,
  preferredVni,
  tapName,
  VNI_BASE,
  VNI_MAX,
  VNI_SPREAD,
  vlanName,
  vxlanBridgeMac,
  vxlanDeviceMac,
  vxlanName,
} from './names.ts';
export {
  DEFAULT_NETWORK,
  ForwardSpec,
  NAME_PATTERN,
  NETWORK_TYPES,
  Network,
  NetworkSpec,
  type NetworkType,
} from './network.ts';
export {
  BindingObject,
  KeptDisksObject,
  NodeNetwork,
  type NodeSpec,
  PeerObject,
  SpecObject,
  specKey,
  VmObject,
} from './node-spec.ts';
export { formatQuantity, GIB, MIB, parseMemory, parseStorage, roundBytes } from './quantity.ts';
export { type ByteStream, STREAM_CHUNK, STREAM_WINDOW } from './rpc/byte-stream.ts';
export { type CallOptions, type Handlers, Peer, type PeerOptions, type StreamCall } from './rpc/peer.ts';
export { isPublicKeyText, parsePublicKey } from './ssh-key.ts';
export {
  Condition,
  DhcpStatus,
  EventStatus,
  GuestRoom,
  LEASE_STATES,
  LeaseStatus,
  leaseKey,
  NetworkStatus,
  NodeFacts,
  ReachedStatus,
  StatusObject,
  statusKey,
  VmStatus,
} from './status.ts';
export { didYouMean } from './suggest.ts';
export { DiskSpec, Nic, NicSpec, RESTART_POLICIES, Vm, VmDisk, VmSpec, VmState } from './vm.ts';
