import {
  IP_CT_ESTABLISHED,
  IP_CT_NEW,
  IP_CT_RELATED,
  IPS_ASSURED,
  IPS_CONFIRMED,
  IPS_DST_NAT,
  IPS_DYING,
  IPS_EXPECTED,
  IPS_SEEN_REPLY,
  IPS_SRC_NAT,
  PACKET_BROADCAST,
  PACKET_HOST,
  PACKET_MULTICAST,
  PACKET_OTHERHOST,
} from '@kcore/netlink';

/* Values that nft has words for. Each has one text, so that a rule read back is the rule that was written. */

interface Words {
  parse(text: string): Uint8Array;
  format(bytes: Uint8Array): string;
}

/** One byte: a word, or a number where there is none. */
function words(of: string, names: Readonly<Record<string, number>>): Words {
  const nameOf = (value: number): string | undefined => Object.keys(names).find((name) => names[name] === value);
  return {
    parse(text) {
      const value = names[text] ?? (/^\d{1,3}$/.test(text) ? Number(text) : 256);
      if (value > 255 || (nameOf(value) ?? String(value)) !== text)
        throw new RangeError(`'${text}' is not ${of} (${Object.keys(names).join(', ')} or another number)`);
      return Uint8Array.of(value);
    },
    format: (bytes) => nameOf(bytes[0] ?? 0) ?? String(bytes[0] ?? 0),
  };
}

export const packetType = words('a packet type', {
  host: PACKET_HOST,
  broadcast: PACKET_BROADCAST,
  multicast: PACKET_MULTICAST,
  other: PACKET_OTHERHOST,
});

/** RFC 4443 and RFC 4861. */
export const icmpv6Type = words('an ICMPv6 type', {
  'destination-unreachable': 1,
  'packet-too-big': 2,
  'time-exceeded': 3,
  'parameter-problem': 4,
  'echo-request': 128,
  'echo-reply': 129,
  'nd-router-solicit': 133,
  'nd-router-advert': 134,
  'nd-neighbor-solicit': 135,
  'nd-neighbor-advert': 136,
  'nd-redirect': 137,
});

/** `established,related` ↔ 32 bits in host order. Written in any order, read with the lowest bit first. */
export type FlagNames = Words;

function flags(of: string, names: Readonly<Record<string, number>>): FlagNames {
  return {
    parse(text) {
      let bits = 0;
      for (const name of text.split(',')) {
        const bit = names[name];
        if (bit === undefined || (bits & bit) !== 0)
          throw new RangeError(`'${text}' is not a list of ${of} (${Object.keys(names).join(', ')})`);
        bits |= bit;
      }
      const bytes = new Uint8Array(4);
      new DataView(bytes.buffer).setUint32(0, bits, true);
      return bytes;
    },
    format(bytes) {
      const bits = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
      return Object.keys(names)
        .filter((name) => (bits & (names[name] ?? 0)) !== 0)
        .join(',');
    },
  };
}

/** `ct state` has bit 0 for invalid, then one for each ip_conntrack_info, and one for untracked: NF_CT_STATE_BIT. */
const stateBit = (info: number): number => 1 << (info + 1);

export const ctStates = flags('connection states', {
  invalid: 1,
  established: stateBit(IP_CT_ESTABLISHED),
  related: stateBit(IP_CT_RELATED),
  new: stateBit(IP_CT_NEW),
  untracked: 1 << 6,
});

export const ctStatuses = flags('connection statuses', {
  expected: IPS_EXPECTED,
  'seen-reply': IPS_SEEN_REPLY,
  assured: IPS_ASSURED,
  confirmed: IPS_CONFIRMED,
  snat: IPS_SRC_NAT,
  dnat: IPS_DST_NAT,
  dying: IPS_DYING,
});
