import { readFile, rm } from 'node:fs/promises';
import type { LabBackend, LabCall, LabPki } from '@kcore/lab';
import type { ContextEntry } from '../config/config.ts';
import type { Connect } from '../connection/connection.ts';
import {
  type ClusterFiles,
  createCluster,
  createNodeCertificate,
  nodeFiles,
  openCluster,
} from '../pki/cluster-directory.ts';

/** Milliseconds for a lab's controller to be connected to; it is on this machine. */
const CONNECT_MS = 5_000;

async function adminAccess(controller: string, files: ClusterFiles): Promise<Omit<ContextEntry, 'name'>> {
  const [ca, cert, key] = await Promise.all(
    [files.ca, files.adminCert, files.adminKey].map((path) => readFile(path, 'utf8')),
  );
  return { controller, ca: ca ?? '', cert: cert ?? '', key: key ?? '' };
}

/** The context by which commands reach a lab's controller. */
export async function labContext(name: string, controller: string, files: ClusterFiles): Promise<ContextEntry> {
  return { name, ...(await adminAccess(controller, files)) };
}

function pki(now: () => Date, onCluster: (files: ClusterFiles) => void): LabPki {
  return {
    createCluster: async (directory, { name, hosts }) => {
      const files = await createCluster(directory, { name, admin: 'admin', hosts, now: now() });
      onCluster(files);
      return files;
    },
    openCluster: async (directory) => (await openCluster(directory)).files,
    // A node that was removed and comes back needs a new certificate: the old one is no longer let in.
    issueNode: async (directory, node) => {
      const { cert, key } = nodeFiles(directory, node);
      await Promise.all([rm(cert, { force: true }), rm(key, { force: true })]);
      return await createNodeCertificate(await openCluster(directory), node, now());
    },
  };
}

/** What a lab needs of kctl: certificates made as for any cluster, and calls as its administrator. */
export function labBackend(
  connect: Connect,
  now: () => Date,
  onCluster: (files: ClusterFiles) => void = () => {},
): LabBackend {
  const call: LabCall = async (controller, files, method, params) => {
    const connection = await connect(await adminAccess(controller, files), CONNECT_MS);
    try {
      return await connection.call(method, params);
    } finally {
      connection.close();
    }
  };
  return { pki: pki(now, onCluster), call };
}
