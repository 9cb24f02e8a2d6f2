import { attributes } from '../../codec/attributes.ts';
import { body } from '../../codec/body.ts';
import type { Codec, Infer } from '../../codec/codec.ts';
import { VETH_INFO_PEER } from '../../uapi/veth.ts';
import { common } from './common.ts';
import { ifinfomsg, linkHeader } from './header.ts';
import type { forgotten, forgottenPeer, toldOnly } from './ignored.ts';

const wire = body(
  ifinfomsg,
  attributes(() => common),
);

/**
 * The other end of a veth pair: attributes of a link, and where it is to be (`netnsFd`, `netnsPid`). It is set up
 * later by a change: while the pair is made, the kernel answers ENOTCONN. What the kernel forgets of it (`ignored.ts`) is
 * not here.
 */
export type VethPeer = Omit<
  Infer<typeof wire>['attributes'],
  keyof typeof toldOnly | keyof typeof forgotten | keyof typeof forgottenPeer
>;

/** The payload is a message in itself, header and all. */
const peer: Codec<VethPeer> = {
  measure: (attributes) => wire.measure({ header: linkHeader({}), attributes }),
  write: (attributes, out) => wire.write({ header: linkHeader({}), attributes }, out),
  read: (input, start, end) => wire.read(input, start, end).attributes,
};

/** `IFLA_INFO_DATA` of kind "veth", only when a pair is made. Source: include/uapi/linux/veth.h. */
export const veth = attributes(() => ({ peer: [VETH_INFO_PEER, peer] }));
/** Options of kind "veth". */
export type Veth = Infer<typeof veth>;
