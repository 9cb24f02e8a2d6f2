import { readFile } from 'node:fs/promises';
import { alreadyExists } from '@kcore/contract';
import { Command, Option } from 'clipanion';
import { OutputCommand } from '../cli/command.ts';
import { type Config, parseConfig, withContext } from '../config/config.ts';
import { editConfig, readConfig } from '../config/file.ts';
import type { ClusterFiles } from '../pki/cluster-directory.ts';
import { DEFAULT_CLUSTER, defaultClusterDirectory } from '../pki/default-directory.ts';
import { checkName } from '../pki/names.ts';
import { fieldLines } from '../text/table.ts';

export class CreateCluster extends OutputCommand {
  static override paths = [['create', 'cluster']];
  static override usage = Command.Usage({
    category: 'Clusters',
    description: 'Make the certificates of a new cluster, and a context to administer it.',
    details: `
      Writes a CA, the controller's certificate and an administrator's certificate, each with its key, and adds a
      context to the configuration. A CA that exists is never overwritten. Keep ca.key safe: whoever has it is the
      cluster.
    `,
    examples: [
      ['A cluster whose controller is at 10.0.0.1', '$0 create cluster prod --controller wss://10.0.0.1:7443'],
    ],
  });

  name = Option.String({ name: 'NAME', required: false });
  controller = Option.String('--controller', {
    description: '<URL> where the controller will listen (wss://127.0.0.1:7443)',
  });
  hosts = Option.Array('--host', {
    description: "<HOST> further address or name for the controller's certificate; repeatable",
  });
  directory = Option.String('--dir', { description: '<DIRECTORY> for the files; otherwise beside the configuration' });
  admin = Option.String('--admin', 'admin', { description: '<NAME> the administrator' });
  contextName = Option.String('--context', { description: '<NAME> of the context; otherwise that of the cluster' });

  protected override async perform(): Promise<undefined> {
    const cluster = this.name ?? DEFAULT_CLUSTER;
    checkName('cluster', cluster);
    const controller = this.controller ?? 'wss://127.0.0.1:7443';
    const context = this.contextName ?? cluster;
    refuseTaken(await readConfig(this.configFile), context, this.configFile);
    // Checked before any key is made: a context that cannot be written would leave a cluster nobody can reach.
    const entry = { name: context, controller, ca: '', cert: '', key: '' };
    parseConfig({ contexts: [entry] }, '--controller');

    const { createCluster } = await import('../pki/cluster-directory.ts');
    const files = await createCluster(this.directory ?? defaultClusterDirectory(this.configFile, cluster), {
      name: cluster,
      admin: this.admin,
      hosts: [...hostOf(controller), ...(this.hosts ?? [])],
      now: this.context.now(),
    });
    const pems = await adminPems(files);
    await editConfig(this.configFile, (config) => {
      refuseTaken(config, context, this.configFile);
      return withContext(config, { ...entry, ...pems }, false);
    });
    await this.show({
      lines: () => textOf(files, context, controller),
      data: () => ({ ...files, context, controller }),
      names: () => [`cluster/${cluster}`],
    });
  }
}

function refuseTaken(config: Config, context: string, path: string): void {
  if (config.contexts.every(({ name }) => name !== context)) return;
  throw alreadyExists(`context '${context}' exists already in '${path}'`, {
    remedy: 'pass --context with another name, or remove it from that file',
  });
}

function hostOf(controller: string): string[] {
  return URL.canParse(controller) ? [new URL(controller).hostname.replace(/^\[|\]$/g, '')].filter(Boolean) : [];
}

async function adminPems(files: ClusterFiles): Promise<{ ca: string; cert: string; key: string }> {
  const read = (path: string): Promise<string> => readFile(path, 'utf8');
  return { ca: await read(files.ca), cert: await read(files.adminCert), key: await read(files.adminKey) };
}

function textOf(files: ClusterFiles, context: string, controller: string): string[] {
  const fields = fieldLines([
    ['directory', files.directory],
    ['ca', files.ca],
    ['controller', `${files.controllerCert}, ${files.controllerKey}`],
    ['admin', `${files.adminCert}, ${files.adminKey}`],
    ['context', `${context} (${controller})`],
  ]);
  return [
    `created cluster '${files.name}'`,
    ...fields.map((line) => `  ${line}`),
    '',
    'Next: start kcore-controller with these certificates, and make one for each node:',
    `  kctl create node-certificate NODE --dir ${files.directory}`,
  ];
}
