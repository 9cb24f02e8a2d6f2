import { type Ignored, ignored, TOLD } from '../refuse.ts';

/*
 * What the kernel takes in a message about a link, answers with success, and does not do (seen in Linux 6.18; what it
 * refuses by itself in one kernel it may have ignored in an older one). One line each; `validate.ts` refuses them.
 */

/** What the kernel tells of a link and nobody sets. */
export const toldOnly = {
  statistics: TOLD,
  statistics32: TOLD,
  operationalState: 'it is told, and not set here; linkMode says who decides it',
  carrierChanges: TOLD,
  carrierUpCount: TOLD,
  carrierDownCount: TOLD,
  promiscuity: 'the kernel counts it; set flags.promiscuous',
  allMulticast: 'the kernel counts it; set flags.allMulticast',
  permanentMac: 'it is the hardware’s; set mac',
  minMtu: TOLD,
  maxMtu: TOLD,
  tsoMaxSize: TOLD,
  tsoMaxSegments: TOLD,
  maxPacingOffloadHorizon: TOLD,
  headroom: TOLD,
  tailroom: TOLD,
  qdisc: 'the kernel tells the root’s kind; set it by qdiscs.replace',
  weight: TOLD,
  event: TOLD,
  physicalPortId: TOLD,
  physicalPortName: TOLD,
  physicalSwitchId: TOLD,
  parentDevice: TOLD,
  parentDeviceBus: TOLD,
  virtualFunctions: 'the kernel tells how many there are; write sriov_numvfs in /sys',
  devlinkPort: TOLD,
  dpllPin: TOLD,
  newNetnsId: TOLD,
  netnsImmutable: TOLD,
  altName: 'it selects a link; add names by links.addAltNames',
  extMask: 'it is of lists; leave it out',
  properties: 'the kernel forgets it here; add alternative names by links.addAltNames',
} as const satisfies Ignored;

const LATER = 'the kernel forgets it of a new link; set it by links.change';

/** What the kernel forgets of a new link. */
export const forgotten = {
  alias: LATER,
  addressFamilies: 'the kernel takes none of a new link; set them by links.change',
  carrier: LATER,
  protocolDown: LATER,
  protocolDownReason: LATER,
  xdp: LATER,
  virtualFunctionList: LATER,
  virtualPorts: LATER,
  virtualPortSelf: LATER,
  port: 'the kernel forgets it of a new link; set it by links.change, when the link is a port',
  bondPort: 'the kernel forgets it of a new link; set it by links.change, when the link is a port',
  newIndex: 'it is the index in the namespace that a link moves to; a new one is given index',
} as const satisfies Ignored;

const AT_CREATION = 'it is given when the link is made and cannot be changed; delete the link and make it anew';

/** What counts only when a link is made. */
export const fixed = {
  txQueues: AT_CREATION,
  rxQueues: AT_CREATION,
  parent: AT_CREATION,
  linkNetnsId: AT_CREATION,
} as const satisfies Ignored;

/** Of the other end of a veth pair, which is made along with the link. */
export const forgottenPeer = {
  master: LATER,
  parent: 'it is the other end of the pair; leave it out',
  linkNetnsId: 'netnsFd or netnsPid say where the other end is to be',
  newIndex: 'the kernel chooses the index of the other end; leave it out',
} as const satisfies Ignored;

/** Kinds that are made on top of `parent`. Others of our kinds have no parent, or another name for it. */
export const parented: ReadonlySet<string> = new Set(['ipvlan', 'ipvtap', 'macvlan', 'macvtap', 'vlan']);
/** Kinds whose packets leave by a link that is named among their own options. */
export const linked: ReadonlySet<string> = new Set([
  'erspan',
  'gre',
  'gretap',
  'ip6erspan',
  'ip6gre',
  'ip6gretap',
  'ip6tnl',
  'ipip',
  'sit',
  'vxlan',
]);

/** Options of a kind that are told only. */
export const toldData: ReadonlyMap<string, ReadonlyMap<string, string>> = new Map([
  [
    'bridge',
    ignored({
      rootId: TOLD,
      bridgeId: TOLD,
      rootPort: TOLD,
      rootPathCost: TOLD,
      topologyChange: TOLD,
      topologyChangeDetected: TOLD,
      helloTimer: TOLD,
      topologyChangeNotificationTimer: TOLD,
      topologyChangeTimer: TOLD,
      collectionTimer: TOLD,
      multicastQuerierState: TOLD,
      fdbLearned: TOLD,
      multicastHashElasticity: 'it is without effect since Linux 5.1; leave it out',
    }),
  ],
  ['bond', ignored({ aggregator: TOLD })],
  ['macvlan', ignored({ broadcastQueueLengthUsed: TOLD })],
  ['macvtap', ignored({ broadcastQueueLengthUsed: TOLD })],
]);

/** Settings of a bridge's port that are told only. */
export const toldPort: ReadonlyMap<string, string> = ignored({
  rootId: TOLD,
  bridgeId: TOLD,
  designatedPort: TOLD,
  designatedCost: TOLD,
  id: TOLD,
  number: TOLD,
  topologyChangeAck: TOLD,
  configPending: TOLD,
  messageAgeTimer: TOLD,
  forwardDelayTimer: TOLD,
  holdTimer: TOLD,
  multicastGroups: TOLD,
  multicastHosts: TOLD,
  mrpRingOpen: TOLD,
  mrpInOpen: TOLD,
});

/** Settings of a bond's port that are told only. */
export const toldBondPort: ReadonlyMap<string, string> = ignored({
  state: TOLD,
  linkStatus: TOLD,
  linkFailures: TOLD,
  permanentMac: TOLD,
  aggregatorId: TOLD,
  actorPortState: TOLD,
  partnerPortState: TOLD,
});

/** Of `addressFamilies.ipv6`, told only. */
export const toldIpv6: ReadonlyMap<string, string> = ignored({
  flags: TOLD,
  cacheInfo: TOLD,
  statistics: TOLD,
  icmpStatistics: TOLD,
  advertisedMtu: TOLD,
});

export const ofNewLink: ReadonlyMap<string, string> = ignored(toldOnly, forgotten);
export const ofChange: ReadonlyMap<string, string> = ignored(toldOnly, fixed);
export const ofPeer: ReadonlyMap<string, string> = ignored(toldOnly, forgotten, forgottenPeer);
