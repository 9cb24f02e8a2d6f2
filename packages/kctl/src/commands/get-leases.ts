import type { Params } from '@kcore/contract';
import { Command, Option } from 'clipanion';
import { GetCommand, type Shape } from '../cli/get-command.ts';
import { present } from '../input/present.ts';
import { byNetworkAndAddress, dnsmasqLines, leaseColumns, wideLeaseColumns } from '../output/lease-table.ts';
import { type LeaseView, leaseObject } from '../output/objects.ts';

export class GetLeases extends GetCommand {
  static override paths = [
    ['get', 'leases'],
    ['get', 'lease'],
  ];
  static override usage = Command.Usage({
    category: 'Networks',
    description: 'List DHCP leases: what clients were told, and until when.',
    details:
      'States: offered (promised for half a minute), active, declined (somebody else uses the address, so nobody is given it); ' +
      'with --all also expired and released, which are kept for their clients until somebody needs the address.',
    examples: [
      ['Leases of one network', '$0 get leases --network default'],
      ["A lease file as dnsmasq's", '$0 get leases --network default -o dnsmasq'],
    ],
  });

  protected override readonly formats = ['table', 'wide', 'dnsmasq'] as const;

  override output = Option.String('-o,--output', {
    description: '<FORMAT> table (default), wide, dnsmasq (a lease file), json, yaml or name',
  });
  network = Option.String('--network', { description: '<NETWORK> only its leases' });
  targetNode = Option.String('--target-node,--node', { description: '<NODE> only leases given out there' });
  all = Option.Boolean('--all', false, { description: 'also leases that expired or were released' });

  protected override async perform(): Promise<undefined> {
    const now = this.context.now();
    const shape: Shape<LeaseView> = {
      kind: 'lease',
      columns: leaseColumns(now),
      wide: wideLeaseColumns(now),
      object: leaseObject,
      dnsmasq: (view) => dnsmasqLines(view, now),
    };
    await this.showRows((await this.everyLease()).sort(byNetworkAndAddress), shape, false);
  }

  /** The controller answers in parts, because one message does not hold all leases of a large cluster. */
  private async everyLease(): Promise<LeaseView[]> {
    const filter = present({ network: this.network, node: this.targetNode, all: this.all ? true : undefined });
    const leases: LeaseView[] = [];
    for (let after: Params<'lease.list'>['after']; ; ) {
      const page = await this.call('lease.list', { ...filter, ...present({ after }) }, 'kctl get leases');
      for (const lease of page.leases) leases.push(lease);
      if (page.next === undefined) return leases;
      after = page.next;
    }
  }
}
