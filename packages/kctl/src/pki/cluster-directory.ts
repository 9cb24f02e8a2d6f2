import { X509Certificate } from 'node:crypto';
import { access, mkdir, open, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { alreadyExists, failedPrecondition, invalidArgument, KcoreError } from '@kcore/contract';
import { issueCa, issueCertificate, type KeyPair } from './certificate.ts';
import { checkName } from './names.ts';

/**
 * A cluster's certificates as files. `ca.key` is the cluster: whoever has it can be any node and any admin, so it
 * stays where `create cluster` was run and is needed again only to make certificates.
 */

/** Written only where nothing is: a key that is overwritten cannot be had back. */
async function writeNew(path: string, text: string, mode: number): Promise<void> {
  try {
    const file = await open(path, 'wx', mode);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      throw alreadyExists(`'${path}' exists already; it is not overwritten`, {
        remedy: 'give another directory, or move the file away',
      });
    }
    throw error;
  }
}

/** The key first: a certificate without its key could not be made again under the same name. */
async function writePair(files: { readonly cert: string; readonly key: string }, pair: KeyPair): Promise<void> {
  await writeNew(files.key, pair.key, 0o600);
  await writeNew(files.cert, pair.cert, 0o644);
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

/** Where everything of a cluster is: paths of PEM files. Keys are 0600. */
export interface ClusterFiles {
  readonly name: string;
  readonly directory: string;
  readonly ca: string;
  readonly caKey: string;
  readonly controllerCert: string;
  readonly controllerKey: string;
  readonly adminCert: string;
  readonly adminKey: string;
}

export function clusterFiles(directory: string, name: string): ClusterFiles {
  const root = resolve(directory);
  return {
    name,
    directory: root,
    ca: join(root, 'ca.crt'),
    caKey: join(root, 'ca.key'),
    controllerCert: join(root, 'controller.crt'),
    controllerKey: join(root, 'controller.key'),
    adminCert: join(root, 'admin.crt'),
    adminKey: join(root, 'admin.key'),
  };
}

async function refuseExistingCa(files: ClusterFiles): Promise<void> {
  for (const path of [files.caKey, files.ca]) {
    if (await exists(path)) {
      throw alreadyExists(`'${path}' exists already; a CA is never overwritten`, {
        remedy: 'pass another --dir, or use the cluster that is there',
      });
    }
  }
}

/**
 * A new cluster in `directory`: `ca`, `controller` and `admin`, each `.crt` and `.key`.
 *
 * @param options.hosts addresses and DNS names of the controller that its certificate carries.
 * @throws {KcoreError} AlreadyExists when a CA is there already: a second one would lock out every node of the first.
 */
export async function createCluster(
  directory: string,
  options: { readonly name: string; readonly admin: string; readonly hosts: readonly string[]; readonly now: Date },
): Promise<ClusterFiles> {
  const { name: cluster, admin, hosts, now } = options;
  checkName('cluster', cluster);
  checkName('admin', admin);
  const files = clusterFiles(directory, cluster);
  await refuseExistingCa(files);
  await mkdir(files.directory, { recursive: true, mode: 0o700 });
  const ca = await issueCa(cluster, now);
  const controller = await issueCertificate(ca, { kind: 'controller', cluster }, now, hosts);
  const administrator = await issueCertificate(ca, { kind: 'admin', cluster, name: admin }, now);
  await writePair({ cert: files.ca, key: files.caKey }, ca);
  await writePair({ cert: files.controllerCert, key: files.controllerKey }, controller);
  await writePair({ cert: files.adminCert, key: files.adminKey }, administrator);
  return files;
}

/** The cluster's name stands in its CA's subject, `CN=<cluster> CA`; it is written nowhere else that could disagree. */
export function clusterOfCa(cert: string): string {
  const name = /^CN=(.+) CA$/m.exec(new X509Certificate(cert).subject)?.[1];
  if (name === undefined) {
    throw invalidArgument('the CA certificate was not made by kctl: its subject is not CN=<cluster> CA');
  }
  return name;
}

export interface OpenCluster {
  readonly files: ClusterFiles;
  readonly ca: KeyPair;
}

/** @throws {KcoreError} FailedPrecondition when there is no cluster in `directory`. */
export async function openCluster(directory: string): Promise<OpenCluster> {
  const root = resolve(directory);
  try {
    const cert = await readFile(join(root, 'ca.crt'), 'utf8');
    const key = await readFile(join(root, 'ca.key'), 'utf8');
    return { files: clusterFiles(root, clusterOfCa(cert)), ca: { cert, key } };
  } catch (error) {
    if (error instanceof KcoreError) throw error;
    throw failedPrecondition(`there is no cluster in '${root}': ${(error as Error).message}`, {
      remedy: "give the directory that 'kctl create cluster' wrote, with --dir",
    });
  }
}

/** Where a node's pair is: `nodes/<name>.crt` and `.key` in the cluster's directory. */
export function nodeFiles(directory: string, node: string): { cert: string; key: string } {
  checkName('node', node);
  const base = join(resolve(directory), 'nodes', node);
  return { cert: `${base}.crt`, key: `${base}.key` };
}

/** A node's certificate, by hand. */
export async function createNodeCertificate(
  cluster: OpenCluster,
  node: string,
  now: Date,
): Promise<{ readonly cert: string; readonly key: string }> {
  const files = nodeFiles(cluster.files.directory, node);
  const pair = await issueCertificate(cluster.ca, { kind: 'node', cluster: cluster.files.name, name: node }, now);
  await mkdir(join(cluster.files.directory, 'nodes'), { recursive: true, mode: 0o700 });
  await writePair(files, pair);
  return files;
}
