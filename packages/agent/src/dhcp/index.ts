export type { Clock } from '../model/clock.ts';
export type { DhcpBinding, DhcpBoot, DhcpNetwork, DhcpRawOption } from '../model/dhcp-network.ts';
export type { Datagram, PacketSocket, PacketSockets, UdpDeviceSocket } from '../model/packet-socket.ts';
export { buildPacket, type OutgoingPacket, writePacket } from './codec/build.ts';
export { OPTIONS, type OptionName, type OptionValue, option, optionOf } from './codec/options.ts';
export { type DhcpPacket, MESSAGE_TYPE, type MessageType, type RawOption } from './codec/packet.ts';
export type { PacketOptions } from './codec/packet-options.ts';
export { type MalformedReason, type Parsed, parsePacket } from './codec/parse.ts';
export {
  type Holding,
  INFINITE_EXPIRY,
  type Lease,
  type LeaseChange,
  type LeaseView,
  type Offer,
} from './leases/lease.ts';
export { LeaseTable } from './leases/lease-table.ts';
export type { LogDisk, LogFile } from './log/log-disk.ts';
export { LeaseLogCorruptError } from './log/log-format.ts';
export type {
  Decision,
  Delivery,
  DhcpEvent,
  DhcpEventType,
  DhcpReply,
  DhcpRequest,
  DropReason,
} from './respond/decision.ts';
export { foreignServerSeen } from './respond/foreign-server.ts';
export { respond } from './respond/respond.ts';
export { type ServedNetwork, serveNetwork } from './respond/served-network.ts';
export type { DhcpCounters } from './server/counters.ts';
export type { DhcpLog } from './server/dhcp-log.ts';
export type { DhcpEventListener } from './server/event-gate.ts';
export type { LeaseListener, LeasePlace } from './server/lease-feed.ts';
export { dnsmasqLeases, leaseStatus } from './server/lease-formats.ts';
export { createDhcpServer, type DhcpServer, type DhcpServerOptions } from './server/server.ts';
