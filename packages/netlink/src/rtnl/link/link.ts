import type { Infer } from '../../codec/codec.ts';
import { type RawMessage, readBody } from '../../message/message.ts';
import { AF_BRIDGE } from '../../uapi/socket.ts';
import type { BridgeSpec } from '../bridge-vlan/spec.ts';
import { bridgeLinkBody, type LinkAttributes, linkBody } from './attributes.ts';
import type { BridgePort } from './bridge-port.ts';
import type { LinkFlags } from './header.ts';
import type { kinds, slaveKinds } from './kinds.ts';

/** Kinds of links that have a table; the data of others is bytes. */
export type LinkKind = keyof typeof kinds;
/** The options of a kind. */
export type LinkData<K extends LinkKind> = Infer<(typeof kinds)[K]>;
/** Kinds of masters whose ports have settings with a table. */
export type PortKind = keyof typeof slaveKinds;
/** What a link has as a port of a master of that kind. */
export type PortData<K extends PortKind> = Infer<(typeof slaveKinds)[K]>;

type LinkInfo = NonNullable<LinkAttributes['linkinfo']>;

/** A network interface as the kernel tells it. */
export type Link = Omit<LinkAttributes, 'linkinfo'> & {
  /** AF_UNSPEC; AF_BRIDGE in what a bridge tells of its ports. */
  readonly family: number;
  readonly index: number;
  /** ARPHRD_*. */
  readonly hardwareType: number;
  readonly flags: LinkFlags;
  /** `bridge`, `vxlan` …; physical links have none. */
  readonly kind?: string;
  /** What `dataOf` reads; bytes for a kind without a table. */
  readonly data?: NonNullable<LinkInfo['data']>;
  /** Kind of the master whose port it is. */
  readonly slaveKind?: string;
  /** Its settings as a port of a bridge. */
  readonly port?: BridgePort;
  /** What `portOf` reads: its settings as a port of another kind of master; bytes where there is no table. */
  readonly slaveData?: NonNullable<LinkInfo['slaveData']>;
  /** What else `IFLA_LINKINFO` held. */
  readonly kindStatistics?: Uint8Array;
  readonly unknownInfo?: NonNullable<LinkInfo['unknown']>;
  /** Of the family AF_BRIDGE: the VLANs of the port, and what tunnels they go to. */
  readonly bridgeSpec?: BridgeSpec;
};

type Identity = 'family' | 'index' | 'hardwareType' | 'flags';

/** The data of a link of that kind; undefined for a link of another one. */
export function dataOf<K extends LinkKind>(link: Link, kind: K): LinkData<K> | undefined {
  if (link.kind !== kind) return undefined;
  // The table that was chosen by the kind made it.
  return (link.data ?? {}) as LinkData<K>;
}

/** A link's settings as a port of a master of that kind; undefined for a port of another one, or none. */
export function portOf<K extends PortKind>(link: Link, kind: K): PortData<K> | undefined {
  if (link.slaveKind !== kind) return undefined;
  // The table that was chosen by the kind made it.
  return (kind === 'bridge' ? (link.port ?? {}) : (link.slaveData ?? {})) as PortData<K>;
}

/** Decodes RTM_NEWLINK and RTM_DELLINK. @throws {MalformedError} */
export function decodeLink(message: RawMessage): Link {
  const family = message.start < message.end ? message.input.view.getUint8(message.start) : 0;
  if (family === AF_BRIDGE) {
    const { header, attributes } = readBody(bridgeLinkBody, message);
    return { ...identity(header), ...attributes };
  }
  const { header, attributes } = readBody(linkBody, message);
  return linkOf(header, attributes);
}

function identity(header: Infer<typeof linkBody>['header']): Pick<Link, Identity> {
  const { family, index, hardwareType, flags } = header;
  return { family, index, hardwareType, flags };
}

// A dump has thousands of these, of fifty members each: they are copied once, which a rest pattern and spreads do thrice.
function linkOf(header: Infer<typeof linkBody>['header'], read: LinkAttributes): Link {
  const link: Record<string, unknown> = identity(header);
  for (const name in read) if (name !== 'linkinfo') link[name] = read[name as keyof LinkAttributes];
  if (read.linkinfo !== undefined) Object.assign(link, infoOf(read.linkinfo));
  // All members of a link were just copied.
  return link as Link;
}

function infoOf({ kind, data, slaveKind, slaveData, statistics, unknown }: LinkInfo): Partial<Link> {
  return {
    ...(kind === undefined ? {} : { kind }),
    ...(data === undefined ? {} : { data }),
    ...(slaveKind === undefined ? {} : { slaveKind }),
    ...portData(slaveKind, slaveData),
    ...(statistics === undefined ? {} : { kindStatistics: statistics }),
    ...(unknown === undefined ? {} : { unknownInfo: unknown }),
  };
}

function portData(slaveKind: string | undefined, slaveData: LinkInfo['slaveData']): Pick<Link, 'port' | 'slaveData'> {
  if (slaveData === undefined) return {};
  if (slaveKind !== 'bridge' || slaveData instanceof Uint8Array) return { slaveData };
  // The table that was chosen by the kind made it.
  return { port: slaveData as BridgePort };
}
