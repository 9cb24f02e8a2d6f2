import { LINK_GROUP, type Link } from '../model/resource.ts';

/** Links as `ip link`, `bridge link` and sysctl commands. */

export function linkCreate(want: Link): readonly string[] {
  const { kind: _kind, name, owned, type, ...settings } = want;
  const nothing: Link = { kind: 'link', name, owned, type: 'foreign' };
  return [...addLines(want), ...settingLines({ ...settings, name }, nothing, ` group ${LINK_GROUP}`)];
}

export function linkUpdate(want: Link, have: Link): readonly string[] {
  const lines = [...kindLines(want, have), ...settingLines(want, have, '')];
  // A difference in what only the kernel keeps, for example the MTU a bridge was told: said again as it is wanted.
  return lines.length > 0 ? lines : [`ip link set dev ${want.name}`];
}

export function linkDelete(have: Link): readonly string[] {
  return [`ip link delete dev ${have.name}`];
}

function addLines(want: Link): readonly string[] {
  const mac = want.mac === undefined ? '' : ` address ${want.mac}`;
  const add = `ip link add name ${want.name}`;
  switch (want.type) {
    case 'bridge': {
      const options = [onOff(want.stp, 'stp_state'), onOff(want.multicastSnooping, 'mcast_snooping')].join('');
      return [`${add}${mac} type bridge${options}`];
    }
    case 'vlan':
      return [`${add} link ${want.parent}${mac} type vlan id ${want.vlanId}`];
    case 'vxlan': {
      const learning = want.learning ? 'learning' : 'nolearning';
      return [`${add}${mac} type vxlan id ${want.vni} local ${want.local} dstport ${want.destinationPort} ${learning}`];
    }
    case 'veth': {
      const { peer } = want;
      return [`${add}${mac} type veth peer name ${peer.name} address ${peer.mac} mtu ${peer.mtu} netns ${peer.netns}`];
    }
    case 'tap': {
      const flags = `${want.vnetHeader === true ? ' vnet_hdr' : ''}${want.multiQueue === true ? ' multi_queue' : ''}`;
      return [
        `ip tuntap add dev ${want.name} mode tap${want.owner === undefined ? '' : ` user ${want.owner}`}${flags}`,
      ];
    }
    case 'foreign':
      return [];
  }
}

function onOff(value: boolean | undefined, option: string): string {
  return value === undefined ? '' : ` ${option} ${value ? 1 : 0}`;
}

type Settings = Pick<
  Link,
  'name' | 'mac' | 'mtu' | 'alias' | 'altNames' | 'master' | 'up' | 'port' | 'ipv6LinkLocal' | 'forwarding'
>;

/** Everything of `want` that `have` lacks. A MAC given at creation is in the line that creates the link. */
function settingLines(want: Settings, have: Settings & Pick<Link, 'type'>, group: string): readonly string[] {
  const isNew = group !== '';
  const parts: string[] = [];
  if (want.alias !== undefined && want.alias !== have.alias) parts.push(`alias '${want.alias}'`);
  if (isNew) parts.push(group.trim());
  if (!isNew && want.mac !== undefined && want.mac !== have.mac) parts.push(`address ${want.mac}`);
  if (want.mtu !== undefined && want.mtu !== have.mtu) parts.push(`mtu ${want.mtu}`);
  if (want.ipv6LinkLocal !== undefined && want.ipv6LinkLocal !== have.ipv6LinkLocal) {
    parts.push(`addrgenmode ${want.ipv6LinkLocal ? 'eui64' : 'none'}`);
  }
  if (want.master !== undefined && want.master !== (have.master ?? null)) {
    parts.push(want.master === null ? 'nomaster' : `master ${want.master}`);
  }
  if (want.up !== undefined && want.up !== have.up) parts.push(want.up ? 'up' : 'down');
  const added = (want.altNames ?? []).filter((name) => have.altNames?.includes(name) !== true);
  const lines = parts.length > 0 ? [`ip link set dev ${want.name} ${parts.join(' ')}`] : [];
  return [
    ...lines,
    ...added.map((name) => `ip link property add dev ${want.name} altname ${name}`),
    ...portLines(want, have),
    ...(want.forwarding !== undefined && want.forwarding !== have.forwarding
      ? [`sysctl -q -w net/ipv4/conf/${want.name}/forwarding=${want.forwarding ? 1 : 0}`]
      : []),
  ];
}

const PORT_WORDS = { learning: 'learning', neighSuppress: 'neigh_suppress', hairpin: 'hairpin' } as const;

function portLines(want: Settings, have: Settings): readonly string[] {
  const parts = (['learning', 'neighSuppress', 'hairpin'] as const).flatMap((field) => {
    const value = want.port?.[field];
    if (value === undefined || value === have.port?.[field]) return [];
    return [`${PORT_WORDS[field]} ${value ? 'on' : 'off'}`];
  });
  return parts.length > 0 ? [`bridge link set dev ${want.name} ${parts.join(' ')}`] : [];
}

/** What of a kind can be changed in place. */
function kindLines(want: Link, have: Link): readonly string[] {
  const set = `ip link set dev ${want.name} type ${want.type}`;
  if (want.type === 'vxlan' && have.type === 'vxlan') {
    const local = want.local === have.local ? '' : ` local ${want.local}`;
    const learning = want.learning === have.learning ? '' : want.learning ? ' learning' : ' nolearning';
    return local + learning === '' ? [] : [`${set} id ${want.vni}${local}${learning}`];
  }
  if (want.type === 'bridge' && have.type === 'bridge') {
    const stp = want.stp === have.stp ? '' : onOff(want.stp, 'stp_state');
    const snooping =
      want.multicastSnooping === have.multicastSnooping ? '' : onOff(want.multicastSnooping, 'mcast_snooping');
    return stp + snooping === '' ? [] : [`${set}${stp}${snooping}`];
  }
  return [];
}
