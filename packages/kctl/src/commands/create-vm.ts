import { invalidArgument, parseMemory, parseStorage, type VmSpec } from '@kcore/contract';
import { Command, Option } from 'clipanion';
import { ControllerCommand } from '../cli/command.ts';
import { UsageProblem } from '../cli/report.ts';
import { parseInteger } from '../input/number.ts';
import { given, present } from '../input/present.ts';
import { readSource } from '../manifest/source.ts';
import { createdVm } from '../output/result.ts';

export class CreateVm extends ControllerCommand {
  static override paths = [['create', 'vm']];
  static override usage = Command.Usage({
    category: 'VMs',
    description: 'Create a VM and start it.',
    details: `
      Without --network the VM is on the network 'default' of its node. Without --node the controller picks a ready
      node that has the network.
    `,
    examples: [
      ['On the network private', '$0 create vm web-01 --network private --image ubuntu-24.04 --cpus 2 --memory 4096'],
      [
        'With two NICs, on a certain node',
        '$0 create vm router --network private --network lan --node node-2 --image debian-12',
      ],
    ],
  });

  name = Option.String({ name: 'NAME' });
  networks = Option.Array('--network', { description: '<NETWORK> one NIC on it; repeatable' });
  image = Option.String('--image', {
    description: '<IMAGE> name in the catalogue, https URL (with --sha256), or path on the node',
  });
  sha256 = Option.String('--sha256', { description: "<DIGEST> the image's, 64 hexadecimal digits" });
  imageFormat = Option.String('--image-format', { description: '<FORMAT> qcow2 or raw' });
  cpus = Option.String('--cpus,--cpu', { description: '<N> virtual CPUs' });
  memory = Option.String('--memory', { description: '<SIZE> MiB without a unit; 4G, 4096M' });
  diskSize = Option.String('--disk-size', { description: '<SIZE> of the disk: 40G' });
  node = Option.String('--node,--target-node', { description: '<NODE> where it is to run' });
  addresses = Option.Array('--address', { description: '<ADDRESS> of the NIC, in the order of --network; repeatable' });
  hostname = Option.String('--hostname', { description: '<NAME> otherwise the name of the VM' });
  sshKeys = Option.Array('--ssh-key', { description: '<KEY> public key for the user of the image; repeatable' });
  userData = Option.String('--user-data', { description: '<FILE> cloud-init user data' });

  protected override async perform(): Promise<undefined> {
    const { vm } = await this.call(
      'vm.create',
      { requestId: this.context.requestId(), name: this.name, spec: await this.spec() },
      `kctl get vm ${this.name}`,
    );
    await this.show(createdVm(vm));
  }

  private async spec(): Promise<VmSpec> {
    const image = present<NonNullable<VmSpec['disks']>[number]>({
      image: this.image,
      sha256: this.sha256,
      format: this.diskFormat(),
    });
    return present<VmSpec>({
      cpu: given(this.cpus, (text) => parseInteger('--cpus', text)),
      memoryBytes: given(this.memory, (text) => parseMemory(text, '--memory')),
      storageSizeBytes: given(this.diskSize, (text) => parseStorage(text, '--disk-size')),
      nics: this.nics(),
      disks: Object.keys(image).length === 0 ? undefined : [image],
      node: this.node,
      hostname: this.hostname,
      sshKeys: this.sshKeys,
      userData: this.userData === undefined ? undefined : (await readSource(this.userData, this.context.stdin)).text,
    });
  }

  private diskFormat(): 'qcow2' | 'raw' | undefined {
    if (this.imageFormat === undefined || this.imageFormat === 'qcow2' || this.imageFormat === 'raw') {
      return this.imageFormat;
    }
    throw invalidArgument(`--image-format: '${this.imageFormat}' is not qcow2 or raw`, { field: '--image-format' });
  }

  private nics(): VmSpec['nics'] {
    const networks = this.networks ?? [];
    const addresses = this.addresses ?? [];
    if (addresses.length > Math.max(1, networks.length)) {
      throw new UsageProblem('there are more --address than --network', 'kctl create vm --help');
    }
    if (networks.length === 0 && addresses.length === 0) return undefined;
    const count = Math.max(networks.length, addresses.length);
    return Array.from({ length: count }, (_, at) => present({ network: networks[at], address: addresses[at] }));
  }
}
