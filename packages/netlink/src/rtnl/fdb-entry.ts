import type { Infer } from '../codec/codec.ts';
import type { fdbAttributes, NeighbourFlags } from './neighbour-body.ts';

/** As bridge(8) says it: `permanent` is local on a bridge and fixed on a vxlan device, `static` does not age, `dynamic` does. */
export type FdbState = 'permanent' | 'static' | 'dynamic' | 'stale';

type Attributes = Infer<typeof fdbAttributes>;

/** A forwarding entry: on a device itself (`self`: a vxlan device's own table), or in the bridge it is a port of (`master`). */
export type FdbEntry = Omit<Attributes, 'mac' | 'stateMask' | 'flagsMask'> & {
  /** Of the device; of the bridge for entries of the bridge itself. */
  readonly index: number;
  readonly mac: string;
  readonly where: 'self' | 'master';
  readonly state: FdbState;
  readonly flags: NeighbourFlags;
};

/** An entry on a vxlan device: frames to `mac` go to the VTEP `destination`. Permanent unless the state is given. */
export interface SelfEntry {
  readonly where: 'self';
  readonly index: number;
  readonly mac: string;
  readonly destination?: string;
  readonly state?: FdbState;
  readonly vni?: number;
  /**
   * Of a vxlan device that takes all VNIs (`external`): the VNI whose frames the entry is for. Other vxlan devices forget
   * it without an error, which cannot be seen here.
   */
  readonly sourceVni?: number;
  readonly port?: number;
  /** Index of the link that packets to the VTEP leave by. */
  readonly outgoing?: number;
  /** A group of FDB next hops in the place of `destination`, `vni`, `port` and `outgoing`. */
  readonly nextHopId?: number;
  /** `externallyLearned`, `router`, `use`. */
  readonly flags?: NeighbourFlags;
  /** Of a bridge's own entries. A vxlan device's have none. */
  readonly vlan?: number;
}

/** An entry in the bridge that the link is a port of. Static unless the state is given. */
export interface MasterEntry {
  readonly where: 'master';
  readonly index: number;
  readonly mac: string;
  readonly state?: FdbState;
  readonly vlan?: number;
  /** `externallyLearned`, `sticky`, `use`. */
  readonly flags?: NeighbourFlags;
  /** Whether the bridge tells that the MAC became active or inactive. */
  readonly activity?: NonNullable<Attributes['activity']>;
}

/** An entry to be made, replaced or deleted. */
export type FdbSpec = SelfEntry | MasterEntry;

/** Which entries a flush deletes: those that agree in all that is given. */
export type FdbFlush = {
  readonly where: 'self' | 'master';
  /** Of the device; of a bridge, `self`, all its entries; of a port, `master`, those of the port. */
  readonly index: number;
  readonly state?: 'permanent' | 'static' | 'dynamic';
  /** Flags that an entry must have, or with `false` must not have. */
  readonly flags?: NeighbourFlags;
} & Pick<
  Attributes,
  /** Of a bridge: `vlan`, `outgoing` (a port). Of a vxlan device: the others, and `outgoing`. */
  'vlan' | 'outgoing' | 'destination' | 'port' | 'vni' | 'sourceVni' | 'nextHopId'
>;
