import { invalidArgument } from '@kcore/contract';
import type { LabStatus } from '@kcore/lab';
import { Command, Option } from 'clipanion';
import type { LabModule } from '../cli/context.ts';
import { LabCommand } from '../cli/lab-command.ts';
import { withContext, withoutContext } from '../config/config.ts';
import { editConfig } from '../config/file.ts';
import { parseInteger } from '../input/number.ts';
import { labPrintable } from '../lab/show.ts';
import type { ClusterFiles } from '../pki/cluster-directory.ts';

export class LabUp extends LabCommand {
  static override paths = [['lab', 'up']];
  static override usage = Command.Usage({
    category: 'Lab',
    description: 'Bring a cluster up on this machine, in network namespaces.',
    details: `
      A real controller and a real agent a node; needs root. Adds the context lab-NAME. Stays until Ctrl-C and then
      takes everything down again; with --detach it comes back as soon as all nodes are ready.
    `,
    examples: [
      ['Three nodes', '$0 lab up'],
      ['Two labs side by side', '$0 lab up --name second --nodes 2 --detach'],
      ['With virtual machines', '$0 lab up --runtime qemu'],
    ],
  });

  nodes = Option.String('--nodes', '3', { description: '<N> how many nodes (3)' });
  disableVxlan = Option.Array('--disable-vxlan', { description: '<NODE> takes no part in overlays; repeatable' });
  runtime = Option.String('--runtime', 'namespace', {
    description: '<RUNTIME> what VMs are: namespace (the default; no image is booted) or qemu',
  });
  detach = Option.Boolean('--detach', false, { description: 'come back when it is up' });

  protected override async perform(): Promise<undefined> {
    void this.format;
    const nodes = parseInteger('--nodes', this.nodes);
    const module = await this.context.loadLab();
    const status = await this.bringUp(module, nodes);
    await this.show(labPrintable(status));
    if (this.detach) return;
    this.note(`Try in another terminal: kctl --context ${status.context} get nodes`);
    this.note('Ctrl-C takes it down.');
    await this.context.interrupted();
    await module.labDown({ name: this.lab, progress: this.progress });
    await editConfig(this.configFile, (config) => withoutContext(config, status.context));
  }

  private async bringUp(module: LabModule, nodes: number): Promise<LabStatus> {
    const { labBackend, labContext } = await import('../lab/backend.ts');
    const made: ClusterFiles[] = [];
    const backend = labBackend(this.context.connect, this.context.now, (files) => made.push(files));
    const options = {
      name: this.lab,
      nodes,
      runtime: this.guests(),
      disableVxlan: this.disableVxlan ?? [],
      progress: this.progress,
    };
    const status = await module.labUp({ ...options, ...backend });
    try {
      const [files] = made;
      if (files === undefined) throw new Error('the lab came up without certificates');
      const entry = await labContext(status.context, status.controller.url, files);
      await editConfig(this.configFile, (config) => withContext(config, entry, false));
      return status;
    } catch (error) {
      // A lab that no context leads to is of no use, and the next `lab up` would find it in its way.
      await module.labDown({ name: this.lab, progress: this.progress });
      throw error;
    }
  }

  private guests(): 'namespace' | 'qemu' {
    const { runtime } = this;
    if (runtime === 'namespace' || runtime === 'qemu') return runtime;
    throw invalidArgument(`--runtime: '${runtime}' is not namespace or qemu`, { field: '--runtime' });
  }
}
