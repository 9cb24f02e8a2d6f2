import type { Infer } from '../../codec/codec.ts';
import { type RawMessage, readBody } from '../../message/message.ts';
import { AF_BRIDGE } from '../../uapi/socket.ts';
import { bridgeLinkBody, type LinkAttributes, linkBody } from './attributes.ts';
import type { BridgePort } from './bridge-port.ts';
import type { LinkFlags } from './header.ts';
import type { kinds } from './kinds.ts';

export type LinkKind = keyof typeof kinds;
export type LinkData<K extends LinkKind> = Infer<(typeof kinds)[K]>;

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
  readonly data?: NonNullable<LinkAttributes['linkinfo']>['data'];
  /** Kind of the master whose port it is. */
  readonly slaveKind?: string;
  /** Its settings as a port of a bridge. */
  readonly port?: BridgePort;
};

/** The data of a link of that kind; undefined for a link of another one. */
export function dataOf<K extends LinkKind>(link: Link, kind: K): LinkData<K> | undefined {
  if (link.kind !== kind) return undefined;
  // The table that was chosen by the kind made it.
  return (link.data ?? {}) as LinkData<K>;
}

/** Decodes RTM_NEWLINK and RTM_DELLINK. @throws {MalformedError} */
export function decodeLink(message: RawMessage): Link {
  const family = message.start < message.end ? message.input.view.getUint8(message.start) : 0;
  if (family === AF_BRIDGE) {
    const { header, attributes } = readBody(bridgeLinkBody, message);
    return { ...attributes, ...identity(header) };
  }
  const { header, attributes } = readBody(linkBody, message);
  return { ...linkOf(attributes), ...identity(header) };
}

function identity(header: Infer<typeof linkBody>['header']): Pick<Link, 'family' | 'index' | 'hardwareType' | 'flags'> {
  const { family, index, hardwareType, flags } = header;
  return { family, index, hardwareType, flags };
}

function linkOf({
  linkinfo,
  ...attributes
}: LinkAttributes): Omit<Link, 'family' | 'index' | 'hardwareType' | 'flags'> {
  const { kind, data, slaveKind, slaveData } = linkinfo ?? {};
  const port = slaveKind === 'bridge' && slaveData !== undefined && !(slaveData instanceof Uint8Array);
  return {
    ...attributes,
    ...(kind === undefined ? {} : { kind }),
    ...(data === undefined ? {} : { data }),
    ...(slaveKind === undefined ? {} : { slaveKind }),
    ...(port ? { port: slaveData } : {}),
  };
}
