import type { Codec } from '../codec/codec.ts';
import { type RawMessage, readBody } from '../message/message.ts';
import { RTNL_FAMILY_IP6MR, RTNL_FAMILY_IPMR } from '../uapi/rtnetlink.ts';
import { AF_INET, AF_INET6, AF_MPLS } from '../uapi/socket.ts';

/*
 * One number of a message is shared by protocols that have little in common: a list of all families also tells MCTP and
 * Phonet addresses, which are one byte, and jobs of the CAN gateway, whose header is another. The tables here are those
 * of IP, so the family is looked at before anything is decoded.
 */

/** Families of addresses and neighbours that have a table. */
export const IP_FAMILIES: ReadonlySet<number> = new Set([AF_INET, AF_INET6]);
/** Those of rules: also of multicast routing. */
export const RULE_FAMILIES: ReadonlySet<number> = new Set([...IP_FAMILIES, RTNL_FAMILY_IPMR, RTNL_FAMILY_IP6MR]);
export const ROUTE_FAMILIES: ReadonlySet<number> = new Set([...RULE_FAMILIES, AF_MPLS]);

/** The first byte of a payload of rtnetlink. Undefined: there is none. */
export function familyIn({ input, start, end }: RawMessage): number | undefined {
  return start < end ? input.view.getUint8(start) : undefined;
}

/** Whether the message is to be decoded. One without a byte is: that it is malformed should be said. */
export function isOf(families: ReadonlySet<number>, message: RawMessage): boolean {
  const family = familyIn(message);
  return family === undefined || families.has(family);
}

/** What decodes the items of a list, and leaves out those of other families. */
export function itemsOf<B, T>(
  families: ReadonlySet<number>,
  codec: Codec<B>,
  item: (body: B, message: RawMessage) => T | undefined,
): (message: RawMessage) => T | undefined {
  return (message) => (isOf(families, message) ? item(readBody(codec, message), message) : undefined);
}
