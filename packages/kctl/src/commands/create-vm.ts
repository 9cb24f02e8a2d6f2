import {
  invalidArgument,
  isPublicKeyText,
  parseMemory,
  parsePublicKey,
  parseStorage,
  type VmSpec,
  type VmView,
} from '@kcore/contract';
import { Command, Option } from 'clipanion';
import { UsageProblem } from '../cli/report.ts';
import { WaitingCommand } from '../cli/waiting-command.ts';
import { parseInteger } from '../input/number.ts';
import { given, present } from '../input/present.ts';
import { readSource } from '../manifest/source.ts';
import { createdVm } from '../output/result.ts';

export class CreateVm extends WaitingCommand {
  static override paths = [['create', 'vm']];
  static override usage = Command.Usage({
    category: 'VMs',
    description: 'Create a VM and start it.',
    details: `
      Without --network the VM is on the network 'default' of its node. Without --node the controller picks a ready
      node that has the network, the image and the room. 'kctl get images' shows the names that --image takes.
    `,
    examples: [
      ['On the network private', '$0 create vm web-01 --network private --image ubuntu-24.04 --cpus 2 --memory 4096'],
      [
        'And wait until it answers, with a key to log in',
        '$0 create vm web-01 --image debian-12 --ssh-key anna --wait --timeout 10m',
      ],
      ['With the disk that another VM left', '$0 create vm db-02 --disk db-01-3f2a9c41 --memory 8G'],
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
  kept = Option.Array('--disk', { description: '<NAME> a disk that another VM left (kctl get disks); repeatable' });
  node = Option.String('--node,--target-node', { description: '<NODE> where it is to run' });
  addresses = Option.Array('--address', { description: '<ADDRESS> of the NIC, in the order of --network; repeatable' });
  hostname = Option.String('--hostname', { description: '<NAME> otherwise the name of the VM' });
  sshKeys = Option.Array('--ssh-key', {
    description: '<KEY> public key for the user of the image, or the name of one (kctl get ssh-keys); repeatable',
  });
  userData = Option.String('--user-data', { description: '<FILE> cloud-init user data' });

  protected override async perform(): Promise<undefined> {
    const { vm } = await this.call(
      'vm.create',
      { requestId: this.context.requestId(), name: this.name, spec: await this.spec() },
      `kctl get vm ${this.name}`,
    );
    if (!this.wait) return await this.showCreated({ vm });
    const forPeople = this.format === 'text' || this.format === 'name';
    // A person sees at once what there is to wait for; a program gets one object, with how it ended.
    if (forPeople) await this.showCreated({ vm });
    let reached: VmView = { vm };
    try {
      reached = await this.waitFor(this.name, 'up');
    } finally {
      if (!forPeople) await this.showCreated(reached);
    }
  }

  private async showCreated(view: VmView): Promise<undefined> {
    await this.show(createdVm(view));
  }

  private async spec(): Promise<VmSpec> {
    const image = present<NonNullable<VmSpec['disks']>[number]>({
      image: this.image,
      sha256: this.sha256,
      format: this.diskFormat(),
    });
    const kept = (this.kept ?? []).map((name) => ({ kept: name }));
    const disks = [...(Object.keys(image).length === 0 ? [] : [image]), ...kept];
    return present<VmSpec>({
      cpu: given(this.cpus, (text) => parseInteger('--cpus', text)),
      memoryBytes: given(this.memory, (text) => parseMemory(text, '--memory')),
      storageSizeBytes: given(this.diskSize, (text) => parseStorage(text, '--disk-size')),
      nics: this.nics(),
      disks: disks.length === 0 ? undefined : disks,
      node: this.node,
      hostname: this.hostname,
      sshKeys: this.sshKeys?.map((key) => (isPublicKeyText(key) ? parsePublicKey(key, '--ssh-key') : key)),
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
