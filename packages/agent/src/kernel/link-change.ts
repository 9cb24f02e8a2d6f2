import { IN6_ADDR_GEN_MODE_EUI64, IN6_ADDR_GEN_MODE_NONE, type LinkChange, links, type Request } from '@kcore/netlink';
import type { BridgePort, Link } from '../model/resource.ts';
import { type LinkIndexes, NoLinkError } from './apply-entry.ts';

/** A request, and the codes of its failure that mean that there is nothing to do. */
export interface Step {
  readonly request: Request<unknown>;
  readonly tolerated: ReadonlySet<string>;
}

const NOTHING: ReadonlySet<string> = new Set();
/** A host without IPv6, or a link with IPv6 switched off, makes no link-local addresses anyhow. */
const NO_IPV6: ReadonlySet<string> = new Set(['EAFNOSUPPORT']);
const PRESENT: ReadonlySet<string> = new Set(['EEXIST']);

/**
 * The requests that bring a link from `have` to `want`, where they differ; forwarding is not among them, it is a
 * sysctl. IPv6's link-local addresses are switched off before the link is set up, and a port's settings need that it is
 * a port. The MTU comes last: a bridge that a port joins takes the port's.
 * @throws {NoLinkError} The master is not there.
 */
export function changeSteps(index: number, want: Link, have: Partial<Link>, indexes: LinkIndexes): readonly Step[] {
  const steps: Step[] = [];
  const change = (wanted: LinkChange, tolerated = NOTHING): void => {
    steps.push({ request: links.change({ index }, wanted), tolerated });
  };
  if (want.owned && want.alias !== undefined && want.alias !== have.alias) change({ alias: want.alias });
  if (want.ipv6LinkLocal !== undefined && want.ipv6LinkLocal !== have.ipv6LinkLocal) {
    const addressGeneration = want.ipv6LinkLocal ? IN6_ADDR_GEN_MODE_EUI64 : IN6_ADDR_GEN_MODE_NONE;
    change({ addressFamilies: { ipv6: { addressGeneration } } }, NO_IPV6);
  }
  if (want.mac !== undefined && want.mac !== have.mac) change({ mac: want.mac });
  if (want.master !== undefined && want.master !== (have.master ?? null)) {
    change({ master: masterIndex(want.master, indexes) });
  }
  const port = portChange(want, have);
  if (port !== undefined) change({ port });
  const data = dataChange(want, have);
  if (data !== undefined) change(data);
  if (want.mtu !== undefined && want.mtu !== have.mtu) change({ mtu: want.mtu });
  if (want.up !== undefined && want.up !== have.up) change({ flags: { up: want.up } });
  const missing = (want.altNames ?? []).filter((name) => have.altNames?.includes(name) !== true);
  for (const name of missing) steps.push({ request: links.addAltNames({ index }, [name]), tolerated: PRESENT });
  return steps;
}

function masterIndex(master: string | null, indexes: LinkIndexes): number {
  if (master === null) return 0;
  const index = indexes.get(master);
  if (index === undefined) throw new NoLinkError(master);
  return index;
}

/** What differs of the port's settings; all that is declared when it becomes a port only now. */
function portChange(want: Link, have: Partial<Link>): BridgePort | undefined {
  if (want.port === undefined || want.master === null) return undefined;
  const joins = want.master !== undefined && want.master !== (have.master ?? null);
  const before: BridgePort = joins ? {} : (have.port ?? {});
  const { learning, neighSuppress, hairpin } = want.port;
  const change: BridgePort = {
    ...(learning === undefined || learning === before.learning ? {} : { learning }),
    ...(neighSuppress === undefined || neighSuppress === before.neighSuppress ? {} : { neighSuppress }),
    ...(hairpin === undefined || hairpin === before.hairpin ? {} : { hairpin }),
  };
  return Object.keys(change).length === 0 ? undefined : change;
}

/** Settings of the kind that can be changed; the others take deletion, which is the planner's business. */
function dataChange(want: Link, have: Partial<Link>): LinkChange | undefined {
  if (want.type === 'bridge') {
    const before = have.type === 'bridge' ? have : {};
    const { multicastSnooping, stp } = want;
    const data = {
      ...(multicastSnooping === undefined || multicastSnooping === before.multicastSnooping
        ? {}
        : { multicastSnooping }),
      ...(stp === undefined || stp === before.stp ? {} : { stpState: stp ? 1 : 0 }),
    };
    return Object.keys(data).length === 0 ? undefined : { kind: 'bridge', data };
  }
  if (want.type === 'vxlan' && have.type === 'vxlan') {
    const data = {
      ...(want.local === have.local ? {} : { local: want.local }),
      ...(want.learning === have.learning ? {} : { learning: want.learning }),
    };
    return Object.keys(data).length === 0 ? undefined : { kind: 'vxlan', data };
  }
  return undefined;
}
