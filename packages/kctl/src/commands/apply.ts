import { Command, Option } from 'clipanion';
import { reportError, UsageProblem } from '../cli/report.ts';
import { WaitingCommand } from '../cli/waiting-command.ts';
import { inOrder, refuseDuplicates } from '../manifest/order.ts';
import { parseManifests } from '../manifest/parse.ts';
import { formatPlace, type Manifest } from '../manifest/schema.ts';
import { readSource } from '../manifest/source.ts';
import { newNetworkObject, vmObject } from '../output/objects.ts';
import { type Outcome, outcomes } from '../output/result.ts';

export class Apply extends WaitingCommand {
  static override paths = [['apply']];
  static override usage = Command.Usage({
    category: 'Manifests',
    description: 'Make networks and VMs as manifests describe them.',
    details: `
      A file is YAML or JSON and may hold several documents. All are read and checked before anything is changed, then
      networks come first and VMs after them. The first one that the controller refuses ends it.
    `,
    examples: [
      ['From a file', '$0 apply -f network.yaml'],
      ['From standard input', '$0 get network private -o yaml | $0 apply -f -'],
      ['And wait until the VMs answer', '$0 apply -f vms.yaml --wait --timeout 10m'],
      ['What would happen', '$0 apply -f network.yaml --dry-run'],
    ],
  });

  files = Option.Array('-f,--filename', { description: '<FILE> manifests; - is standard input; repeatable' });
  dryRun = Option.Boolean('--dry-run', false, { description: 'say what would happen and change nothing' });

  protected override async perform(): Promise<number> {
    const { format } = this;
    const manifests = inOrder(await this.read());
    const done: Outcome[] = [];
    let exit = 0;
    for (const [index, manifest] of manifests.entries()) {
      try {
        const outcome = await this.applyOne(manifest);
        done.push(outcome);
        if (format === 'text' || format === 'name') await this.show(outcomes([outcome]));
      } catch (error) {
        this.note(`${formatPlace(manifest.place)}: ${manifest.kind} '${manifest.name}' was not applied:`);
        exit = reportError(error, this.context);
        for (const left of manifests.slice(index + 1)) this.note(`not tried: ${left.kind} '${left.name}'`);
        break;
      }
    }
    if (format === 'json' || format === 'yaml') await this.show(outcomes(done));
    return exit || (await this.waitForVms(manifests));
  }

  /** All of them boot at once; they are waited for one after the other. */
  private async waitForVms(manifests: readonly Manifest[]): Promise<number> {
    if (!this.wait || this.dryRun) return 0;
    const vms = manifests.filter((manifest) => manifest.kind === 'VM');
    const stopped = new Set(vms.filter(({ spec }) => spec.state === 'stopped').map(({ name }) => name));
    return await this.forEach(
      vms.map(({ name }) => name),
      async (name) => {
        await this.waitFor(name, stopped.has(name) ? 'down' : 'up');
      },
    );
  }

  private async read(): Promise<Manifest[]> {
    const help = "see 'kctl apply --help'";
    if (this.files === undefined)
      throw new UsageProblem("'kctl apply' needs -f FILE (or -f - for standard input)", help);
    if (this.files.filter((file) => file === '-').length > 1) {
      throw new UsageProblem('standard input can be read only once: -f - is given twice', help);
    }
    const manifests: Manifest[] = [];
    for (const file of this.files)
      manifests.push(...(await parseManifests(await readSource(file, this.context.stdin))));
    if (manifests.length === 0) throw new UsageProblem(`there is no manifest in ${this.files.join(', ')}`, help);
    refuseDuplicates(manifests);
    return manifests;
  }

  private async applyOne(manifest: Manifest): Promise<Outcome> {
    const dryRun = this.dryRun ? { dryRun: true } : {};
    const common = { requestId: this.context.requestId(), name: manifest.name, ...dryRun };
    if (manifest.kind === 'Network') {
      const lookup = `kctl describe network ${manifest.name}`;
      const { outcome, network, nodes, changes } = await this.call(
        'network.apply',
        { ...common, spec: manifest.spec },
        lookup,
      );
      return {
        kind: 'Network',
        name: network.name,
        outcome,
        ...dryRun,
        changes,
        object: newNetworkObject(network, nodes),
      };
    }
    const lookup = `kctl get vm ${manifest.name}`;
    const { outcome, vm, changes } = await this.call('vm.apply', { ...common, spec: manifest.spec }, lookup);
    return { kind: 'VM', name: vm.name, outcome, ...dryRun, changes, object: vmObject({ vm }) };
  }
}
