import { type Expression, expressionData, NF_NAT_RANGE_MAP_IPS, NF_NAT_RANGE_PROTO_SPECIFIED } from '@kcore/netlink';

/**
 * What the kernel adds to an expression when it tells it again is taken off, and a counter's numbers; members are
 * ordered. Two rules whose expressions read the same here do the same.
 */
export function normalForm(expression: Expression): string {
  if (expression.name === 'counter') return 'counter';
  return `${expression.name} ${text(plain(expression))}`;
}

function plain(expression: Expression): unknown {
  const nat = expressionData(expression, 'nat');
  if (nat !== undefined) {
    const { addressMax, portMax, flags = 0, ...rest } = nat;
    // The kernel sets these two by the registers that are given, and tells a single value as a range of one.
    const more = flags & ~(NF_NAT_RANGE_MAP_IPS | NF_NAT_RANGE_PROTO_SPECIFIED);
    return {
      ...rest,
      ...(addressMax === undefined || addressMax === nat.addressMin ? {} : { addressMax }),
      ...(portMax === undefined || portMax === nat.portMin ? {} : { portMax }),
      ...(more === 0 ? {} : { flags: more }),
    };
  }
  const zeroes = new Set(['flags', 'operator', 'code']);
  const data = expression.data instanceof Uint8Array ? { raw: expression.data } : (expression.data ?? {});
  return Object.fromEntries(Object.entries(data).filter(([name, value]) => !(zeroes.has(name) && value === 0)));
}

function text(value: unknown): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (typeof value !== 'object' || value === null) return String(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${name}:${text(member)}`).join(',')}}`;
}
