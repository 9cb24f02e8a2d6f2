import { attributes } from '../../codec/attributes.ts';
import { body } from '../../codec/body.ts';
import type { Infer } from '../../codec/codec.ts';
import { nested } from '../../codec/nested.ts';
import { bytes } from '../../codec/scalar.ts';
import { select } from '../../codec/select.ts';
import { cstring } from '../../codec/text.ts';
import {
  IFLA_AF_SPEC,
  IFLA_INFO_DATA,
  IFLA_INFO_KIND,
  IFLA_INFO_SLAVE_DATA,
  IFLA_INFO_SLAVE_KIND,
  IFLA_INFO_XSTATS,
  IFLA_LINKINFO,
  IFLA_PROTINFO,
} from '../../uapi/if-link.ts';
import { bridgeSpec } from '../bridge-vlan/spec.ts';
import { addressFamilies } from './address-family.ts';
import { bridgePort } from './bridge-port.ts';
import { common } from './common.ts';
import { ifinfomsg } from './header.ts';
import { kinds, slaveKinds } from './kinds.ts';

export const linkInfo = attributes(() => ({
  kind: [IFLA_INFO_KIND, cstring],
  data: [IFLA_INFO_DATA, select('kind', kinds)],
  /** Statistics of the kind, as bytes; no kind with a table has any. */
  statistics: [IFLA_INFO_XSTATS, bytes],
  slaveKind: [IFLA_INFO_SLAVE_KIND, cstring],
  slaveData: [IFLA_INFO_SLAVE_DATA, select('slaveKind', slaveKinds)],
}));

const linkAttributes = attributes(() => ({
  ...common,
  addressFamilies: [IFLA_AF_SPEC, nested(addressFamilies)],
  linkinfo: [IFLA_LINKINFO, nested(linkInfo)],
}));
export type LinkAttributes = Infer<typeof linkAttributes>;

/** RTM_*LINK. */
export const linkBody = body(ifinfomsg, linkAttributes);

/**
 * RTM_*LINK of the family AF_BRIDGE: what a bridge tells of its ports. IFLA_PROTINFO and IFLA_AF_SPEC mean something
 * else in every family: here the latter has the VLANs of the port.
 */
export const bridgeLinkBody = body(
  ifinfomsg,
  attributes(() => ({
    ...common,
    port: [IFLA_PROTINFO, nested(bridgePort)],
    bridgeSpec: [IFLA_AF_SPEC, nested(bridgeSpec)],
  })),
);
