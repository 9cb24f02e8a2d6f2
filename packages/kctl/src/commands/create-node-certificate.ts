import { Command, Option } from 'clipanion';
import { OutputCommand } from '../cli/command.ts';
import { DEFAULT_CLUSTER, defaultClusterDirectory } from '../pki/default-directory.ts';
import { fieldLines } from '../text/table.ts';

export class CreateNodeCertificate extends OutputCommand {
  static override paths = [['create', 'node-certificate']];
  static override usage = Command.Usage({
    category: 'Clusters',
    description: 'Make the certificate with which a node joins a cluster.',
    details: `
      Needs the cluster's CA key, so run it where 'create cluster' was run. Copy the three files to the node and name
      them in the configuration of kcore-agent.
    `,
    examples: [['For node-1 of the cluster prod', '$0 create node-certificate node-1 --cluster prod']],
  });

  name = Option.String({ name: 'NODE' });
  cluster = Option.String('--cluster', DEFAULT_CLUSTER, {
    description: '<NAME> the cluster, when it is in its usual place',
  });
  directory = Option.String('--dir', { description: "<DIRECTORY> that 'create cluster' wrote" });

  protected override async perform(): Promise<undefined> {
    const { createNodeCertificate, openCluster } = await import('../pki/cluster-directory.ts');
    const cluster = await openCluster(this.directory ?? defaultClusterDirectory(this.configFile, this.cluster));
    const { cert, key } = await createNodeCertificate(cluster, this.name, this.context.now());
    const { ca } = cluster.files;
    const fields = fieldLines([
      ['cluster', cluster.files.name],
      ['ca', ca],
      ['cert', cert],
      ['key', key],
    ]);
    await this.show({
      lines: () => [`created certificate of node '${this.name}'`, ...fields.map((line) => `  ${line}`)],
      data: () => ({ node: this.name, cluster: cluster.files.name, ca, cert, key }),
      names: () => [`node-certificate/${this.name}`],
    });
  }
}
