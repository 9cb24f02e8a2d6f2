import type { DhcpSpec, NetworkSpec } from '@kcore/contract';
import { Command, Option } from 'clipanion';
import { ControllerCommand } from '../cli/command.ts';
import { parseForward, parseReservation } from '../input/forward.ts';
import { parseInteger, parsePort, parseSeconds } from '../input/number.ts';
import { given, givenEach, present } from '../input/present.ts';
import { createdNetwork } from '../output/result.ts';

export class CreateNetwork extends ControllerCommand {
  static override paths = [['create', 'network']];
  static override usage = Command.Usage({
    category: 'Networks',
    description: 'Create a network.',
    details: `
      nat and bridge networks are on the nodes named by --target-node, or on one ready node that the controller picks.
      A vxlan network is on every node that takes part in overlays, those that join later too, unless nodes are named.
      Naming a network that exists, with equal settings and a node it is not on, puts it on that node as well.
    `,
    examples: [
      [
        'An overlay across the cluster',
        '$0 create network private --type vxlan --gateway-ip 10.250.0.1 --internal-netmask 255.255.255.0 --external-ip 192.168.40.105',
      ],
      [
        'NAT on one node, with a port of the node led to a VM',
        '$0 create network web --gateway-ip 10.100.0.1 --internal-netmask 255.255.255.0 --external-ip 192.168.40.101 --forward tcp:8080:web-01:80 --target-node node-1',
      ],
      [
        'VMs on a VLAN of the second NIC',
        '$0 create network lan --type bridge --uplink eno2 --vlan-id 100 --target-node node-1',
      ],
    ],
  });

  name = Option.String({ name: 'NAME' });
  type = Option.String('--type', { description: '<TYPE> nat (default), bridge or vxlan' });
  gatewayIp = Option.String('--gateway-ip', { description: "<ADDRESS> the bridge's address and the VMs' gateway" });
  internalNetmask = Option.String('--internal-netmask', {
    description: '<MASK> of the VMs, for example 255.255.255.0',
  });
  externalIp = Option.String('--external-ip', {
    description: '<ADDRESS> of the node, by which the outside sees the VMs; with a prefix length on a VLAN',
  });
  vlanId = Option.String('--vlan-id', { description: '<ID> 802.1Q VLAN on the uplink, 1 to 4094; nat and bridge' });
  uplink = Option.String('--uplink', { description: '<NIC> of the node; otherwise the one with its default route' });
  externalGateway = Option.String('--external-gateway', { description: '<ADDRESS> next hop on the VLAN; nat' });
  noOutboundNat = Option.Boolean('--no-outbound-nat', { description: 'no way out for the VMs; vxlan' });
  forwards = Option.Array('--forward', {
    description: '<PROTOCOL:PORT:VM[:TARGET-PORT]> lead a port of the external address to a VM; repeatable',
  });
  allowTcp = Option.Array('--allow-tcp-port', { description: "<PORT> lead it to the network's one VM; repeatable" });
  allowUdp = Option.Array('--allow-udp-port', { description: "<PORT> lead it to the network's one VM; repeatable" });
  targetNodes = Option.Array('--target-node', { description: '<NODE> where it is to be; repeatable' });
  mtu = Option.String('--mtu', { description: "<BYTES> otherwise what the nodes' links carry" });
  dhcp = Option.Boolean('--dhcp', { description: 'serve addresses by DHCP on a vxlan network, too' });
  rangeStart = Option.String('--dhcp-range-start', { description: '<ADDRESS> first address given out' });
  rangeEnd = Option.String('--dhcp-range-end', { description: '<ADDRESS> last address given out' });
  lease = Option.String('--dhcp-lease', { description: '<TIME> how long a lease holds (12h)' });
  dns = Option.Array('--dhcp-dns', { description: '<ADDRESS> name server for the VMs; repeatable' });
  domain = Option.String('--dhcp-domain', { description: '<NAME> domain of the VMs' });
  reservations = Option.Array('--dhcp-reservation', {
    description: '<MAC=ADDRESS[=HOSTNAME]> a fixed address; repeatable',
  });

  protected override async perform(): Promise<undefined> {
    const result = await this.call(
      'network.create',
      {
        requestId: this.context.requestId(),
        name: this.name,
        spec: this.spec(),
        targetNodes: [...new Set(this.targetNodes ?? [])],
      },
      `kctl describe network ${this.name}`,
    );
    await this.show(createdNetwork(result));
  }

  /** What was said on the command line and nothing else: defaults are the controller's. */
  private spec(): NetworkSpec {
    const dhcp = this.dhcpSpec();
    return present<NetworkSpec>({
      type: this.type,
      externalIp: this.externalIp,
      gatewayIp: this.gatewayIp,
      internalNetmask: this.internalNetmask,
      vlanId: given(this.vlanId, (text) => parseInteger('--vlan-id', text)),
      uplink: this.uplink,
      externalGateway: this.externalGateway,
      enableOutboundNat: this.noOutboundNat === undefined ? undefined : !this.noOutboundNat,
      mtu: given(this.mtu, (text) => parseInteger('--mtu', text)),
      forwards: givenEach(this.forwards, parseForward),
      allowedTcpPorts: givenEach(this.allowTcp, (text) => parsePort('--allow-tcp-port', text)),
      allowedUdpPorts: givenEach(this.allowUdp, (text) => parsePort('--allow-udp-port', text)),
      dhcp: Object.keys(dhcp).length === 0 ? undefined : dhcp,
    });
  }

  private dhcpSpec(): DhcpSpec {
    return present<DhcpSpec>({
      enabled: this.dhcp,
      rangeStart: this.rangeStart,
      rangeEnd: this.rangeEnd,
      leaseSeconds: given(this.lease, (text) => parseSeconds('--dhcp-lease', text)),
      dns: this.dns,
      domain: this.domain,
      reservations: givenEach(this.reservations, parseReservation),
    });
  }
}
