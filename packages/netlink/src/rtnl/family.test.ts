import { describe, expect, test } from 'vitest';
import { inputOf } from '../codec/codec.ts';
import { MalformedError } from '../codec/error.ts';
import { type RawMessage, splitMessages } from '../message/message.ts';
import type { DumpRequest } from '../message/request.ts';
import { endOfDump, fakeConnection, kernelMessage, messagesIn } from '../testing/fake-kernel.ts';
import * as rtm from '../uapi/rtnetlink.ts';
import { AF_BRIDGE, AF_INET, AF_INET6, AF_MPLS } from '../uapi/socket.ts';
import { addresses } from './address.ts';
import { fdb } from './fdb.ts';
import { neighbours } from './neighbour.ts';
import { routes } from './route.ts';
import { decodeRouteMessage } from './route-message.ts';
import { rules } from './rule.ts';

const [AF_CAN, AF_PHONET, AF_MCTP, AF_DECNET] = [29, 35, 45, 12];

/** A header that begins with the family, and one attribute. */
function payload(family: number, headerLength: number, type: number, data: readonly number[]): Uint8Array {
  const attribute = Buffer.alloc((data.length + 7) & ~3);
  attribute.writeUInt16LE(data.length + 4, 0);
  attribute.writeUInt16LE(type, 2);
  attribute.set(data, 4);
  return Buffer.concat([Uint8Array.of(family), Buffer.alloc(headerLength - 1), attribute]);
}

const address = (family: number, ...data: readonly number[]) => payload(family, 8, 2, data);
const neighbour = (family: number, ...data: readonly number[]) => payload(family, 12, 1, data);
const route = (family: number, ...data: readonly number[]) => payload(family, 12, 1, data);
const ipv6 = [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
/** `struct rtcanmsg` and CGW_MOD_AND: a frame and which parts of it. */
const canJob = payload(AF_CAN, 4, 1, new Array<number>(17).fill(1));

const lists: Readonly<
  Record<string, { list: () => DumpRequest<object>; type: number; known: Uint8Array[]; foreign: Uint8Array[] }>
> = {
  addresses: {
    list: addresses.list,
    type: rtm.RTM_NEWADDR,
    known: [address(AF_INET, 10, 0, 0, 1), address(AF_INET6, ...ipv6)],
    foreign: [address(AF_MCTP, 8), address(AF_PHONET, 0x6c)],
  },
  neighbours: {
    list: neighbours.list,
    type: rtm.RTM_NEWNEIGH,
    known: [neighbour(AF_INET, 10, 0, 0, 1), neighbour(AF_INET6, ...ipv6)],
    foreign: [neighbour(AF_MCTP, 8), neighbour(AF_DECNET, 1, 4)],
  },
  routes: {
    list: routes.list,
    type: rtm.RTM_NEWROUTE,
    known: [
      route(AF_INET, 10, 0, 0, 1),
      route(AF_INET6, ...ipv6),
      route(AF_MPLS, 0, 6, 0x41, 0),
      route(rtm.RTNL_FAMILY_IPMR, 239, 0, 0, 1),
    ],
    foreign: [route(AF_MCTP, 8), route(AF_PHONET, 0x6c), canJob],
  },
  rules: {
    list: rules.list,
    type: rtm.RTM_NEWRULE,
    known: [route(AF_INET, 10, 0, 0, 1), route(rtm.RTNL_FAMILY_IP6MR, ...ipv6)],
    foreign: [route(AF_DECNET, 1, 4)],
  },
  fdb: {
    list: fdb.list,
    type: rtm.RTM_NEWNEIGH,
    known: [neighbour(AF_BRIDGE, 192, 0, 2, 1)],
    foreign: [neighbour(AF_MCTP, 8)],
  },
};

describe.each(Object.entries(lists))('of %s', (name, { list, type, known, foreign }) => {
  test('a list leaves out what is of a family without a table', async () => {
    await using connection = fakeConnection((chunk) => {
      const [request] = messagesIn(chunk);
      if (request === undefined) return [];
      const { sequence } = request;
      const items = [...foreign, ...known, ...foreign].map((body) => kernelMessage({ type, flags: 2, sequence }, body));
      return [...items, endOfDump(request)];
    });
    const { items } = await connection.dump(list());
    expect(items).toHaveLength(known.length);
  });

  test('a notification of such a family is nothing', () => {
    for (const body of foreign) {
      expect(decodeRouteMessage(messageOf(type, body)), name).toBeUndefined();
      expect(decodeRouteMessage(messageOf(type + 1, body)), name).toBeUndefined();
    }
    for (const body of known) expect(decodeRouteMessage(messageOf(type, body))?.event).toBe('new');
  });
});

test('what is too short for a family is malformed, and so is a known family with a wrong length', () => {
  expect(() => decodeRouteMessage(messageOf(rtm.RTM_NEWADDR, new Uint8Array()))).toThrow(MalformedError);
  expect(() => decodeRouteMessage(messageOf(rtm.RTM_NEWADDR, address(AF_INET, 8)))).toThrow(
    '1 bytes instead of 4 or 16',
  );
});

function messageOf(type: number, body: Uint8Array): RawMessage {
  const [message] = splitMessages(inputOf(kernelMessage({ type, sequence: 0 }, body)));
  if (message === undefined) throw new Error('no message');
  return message;
}
