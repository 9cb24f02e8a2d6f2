import { Command, Option } from 'clipanion';
import { GetCommand, type Shape } from '../cli/get-command.ts';
import { byNetworkAndAddress, leaseColumns, wideLeaseColumns } from '../output/lease-table.ts';
import { type LeaseView, leaseObject } from '../output/objects.ts';

export class GetLeases extends GetCommand {
  static override paths = [
    ['get', 'leases'],
    ['get', 'lease'],
  ];
  static override usage = Command.Usage({
    category: 'Networks',
    description: 'List DHCP leases: what clients were told, and until when.',
    examples: [['Leases of one network', '$0 get leases --network default']],
  });

  network = Option.String('--network', { description: '<NETWORK> only its leases' });
  targetNode = Option.String('--target-node,--node', { description: '<NODE> only leases given out there' });

  protected override async perform(): Promise<undefined> {
    const now = this.context.now();
    const shape: Shape<LeaseView> = {
      kind: 'lease',
      columns: leaseColumns(now),
      wide: wideLeaseColumns(now),
      object: leaseObject,
    };
    const filter = this.network === undefined ? {} : { network: this.network };
    const { leases } = await this.call('lease.list', filter, 'kctl get leases');
    const rows = leases.filter(({ node }) => this.targetNode === undefined || node === this.targetNode);
    await this.showRows(rows.sort(byNetworkAndAddress), shape, false);
  }
}
