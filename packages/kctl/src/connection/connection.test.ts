import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Identity, Peer } from '@kcore/contract';
import { acceptWebSockets, type WebSocketAcceptor } from '@kcore/contract/ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { issueCa, issueCertificate } from '../pki/certificate.ts';
import { type ClusterFiles, createCluster, createNodeCertificate, openCluster } from '../pki/cluster-directory.ts';
import { connectController } from './connection.ts';

/** A real socket with mutual TLS between certificates as kctl makes them: what the contract's own tests take from elsewhere. */
describe('connecting to a controller (R-56)', () => {
  const now = new Date();
  const seen: Identity[] = [];
  let directory = '';
  let files: ClusterFiles;
  let acceptor: WebSocketAcceptor;

  const text = (path: string): Promise<string> => readFile(path, 'utf8');

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'kctl-connect-'));
    files = await createCluster(join(directory, 'acme'), { name: 'acme', admin: 'ada', hosts: [], now });
    acceptor = await acceptWebSockets({
      tls: { ca: await text(files.ca), cert: await text(files.controllerCert), key: await text(files.controllerKey) },
      listen: [{ path: join(directory, 'socket') }],
      onConnection: (channel, { identity }) => {
        seen.push(identity);
        new Peer(channel).serve({ 'vm.list': () => ({ vms: [] }) });
      },
    });
  });

  afterAll(async () => {
    await acceptor[Symbol.asyncDispose]();
    await rm(directory, { recursive: true });
  });

  const access = async (cert: string, key: string) => ({
    controller: `unix:${join(directory, 'socket')}`,
    ca: await text(files.ca),
    cert: await text(cert),
    key: await text(key),
  });

  it('calls as the admin and as the node that the certificate names', async () => {
    const node = await createNodeCertificate(await openCluster(files.directory), 'node-1', now);
    for (const pair of [{ cert: files.adminCert, key: files.adminKey }, node]) {
      const connection = await connectController(await access(pair.cert, pair.key), 5_000);
      expect(await connection.call('vm.list', {})).toEqual({ vms: [] });
      connection.close();
    }
    expect(seen).toEqual([
      { kind: 'admin', cluster: 'acme', name: 'ada' },
      { kind: 'node', cluster: 'acme', name: 'node-1' },
    ]);
  });

  it('is refused with a certificate of another CA, and refuses a controller of one', async () => {
    const ours = await access(files.adminCert, files.adminKey);
    const foreignCa = await issueCa('acme', now);
    const foreign = await issueCertificate(foreignCa, { kind: 'admin', cluster: 'acme', name: 'ada' }, now);
    await expect(connectController({ ...ours, ...foreign }, 5_000)).rejects.toMatchObject({ code: 'Unauthenticated' });
    await expect(connectController({ ...ours, ca: foreignCa.cert }, 5_000)).rejects.toMatchObject({
      code: 'Unauthenticated',
    });
  });

  it('says that nobody is there, with the address', async () => {
    const nowhere = { ...(await access(files.adminCert, files.adminKey)), controller: 'unix:/nonexistent/socket' };
    await expect(connectController(nowhere, 5_000)).rejects.toMatchObject({
      code: 'Unavailable',
      message: expect.stringContaining('cannot reach the controller at unix:/nonexistent/socket'),
      details: { remedy: expect.any(String) },
    });
  });
});
