import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { issueCa, issueCertificate, type KeyPair } from './certificate.ts';
import { createCluster, createNodeCertificate, openCluster } from './cluster-directory.ts';

const now = new Date();

describe('certificates (R-56)', () => {
  it('makes a P-256 CA that may sign one level of certificates, for ten years', async () => {
    const { cert } = await issueCa('acme', now);
    const ca = new X509Certificate(cert);
    expect(ca.ca).toBe(true);
    expect(ca.subject).toBe('O=kcore\nCN=acme CA');
    expect(ca.verify(ca.publicKey)).toBe(true);
    expect(ca.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
    const years = (Date.parse(ca.validTo) - now.getTime()) / (365 * 86_400_000);
    expect(years).toBeGreaterThan(9.9);
    expect(Date.parse(ca.validFrom)).toBeLessThan(now.getTime());
  });

  it.each([
    [{ kind: 'controller', cluster: 'acme' }, 'kcore://acme/controller', 2],
    [{ kind: 'node', cluster: 'acme', name: 'node-1' }, 'kcore://acme/node/node-1', 1],
    [{ kind: 'admin', cluster: 'acme', name: 'ada' }, 'kcore://acme/admin/ada', 1],
  ] as const)('names %j in a URI', async (identity, uri, purposes) => {
    const ca = await issueCa('acme', now);
    const leaf = new X509Certificate((await issueCertificate(ca, identity, now, ['10.0.0.1', 'ctl.example'])).cert);
    expect(leaf.subjectAltName?.split(', ')[0]).toBe(`URI:${uri}`);
    expect(leaf.ca).toBe(false);
    expect(leaf.checkIssued(new X509Certificate(ca.cert))).toBe(true);
    expect(leaf.verify(new X509Certificate(ca.cert).publicKey)).toBe(true);
    expect(leaf.keyUsage).toHaveLength(purposes);
  });

  it('puts the fixed server name and the given hosts into the controller certificate only', async () => {
    const ca = await issueCa('acme', now);
    const names = async (identity: Parameters<typeof issueCertificate>[1]): Promise<string | undefined> =>
      new X509Certificate((await issueCertificate(ca, identity, now, ['10.0.0.1', 'ctl.example'])).cert).subjectAltName;
    expect(await names({ kind: 'controller', cluster: 'acme' })).toBe(
      'URI:kcore://acme/controller, DNS:kcore-controller, IP Address:10.0.0.1, DNS:ctl.example',
    );
    expect(await names({ kind: 'node', cluster: 'acme', name: 'n' })).toBe('URI:kcore://acme/node/n');
  });
});

/** A handshake over a real socket; resolves with the URI that each side saw of the other. */
async function handshake(
  server: KeyPair & { ca: string },
  client: KeyPair & { ca: string },
): Promise<[string, string]> {
  const listener = createServer({ ...server, requestCert: true, rejectUnauthorized: true });
  const accepted = new Promise<string>((done, fail) => {
    listener.on('tlsClientError', fail);
    listener.on('secureConnection', (socket: TLSSocket) => {
      done(socket.getPeerCertificate().subjectaltname ?? '');
      socket.end();
    });
  });
  await new Promise<void>((done) => {
    listener.listen(0, '127.0.0.1', done);
  });
  const address = listener.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const seen = new Promise<string>((done, fail) => {
    const socket = connect({ ...client, host: '127.0.0.1', port, servername: 'kcore-controller' }, () =>
      done(socket.getPeerCertificate().subjectaltname ?? ''),
    );
    socket.on('error', fail);
    socket.resume();
  });
  try {
    return await Promise.all([accepted, seen]);
  } finally {
    listener.close();
  }
}

describe('a cluster directory', () => {
  let directory = '';
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'kctl-pki-'));
  });
  afterAll(async () => rm(directory, { recursive: true }));

  const read = async (...path: string[]): Promise<string> => readFile(join(directory, ...path), 'utf8');

  it('holds keys that only their owner reads, and is never overwritten', async () => {
    const files = await createCluster(join(directory, 'acme'), { name: 'acme', admin: 'ada', hosts: [], now });
    for (const path of [files.caKey, files.controllerKey, files.adminKey]) {
      expect((await stat(path)).mode & 0o777).toBe(0o600);
    }
    const before = await readFile(files.caKey, 'utf8');
    await expect(
      createCluster(join(directory, 'acme'), { name: 'acme', admin: 'ada', hosts: [], now }),
    ).rejects.toMatchObject({ code: 'AlreadyExists' });
    expect(await readFile(files.caKey, 'utf8')).toBe(before);
  });

  it('makes no second key beside a CA certificate whose key is kept elsewhere', async () => {
    const options = { name: 'acme', admin: 'ada', hosts: [], now };
    const files = await createCluster(join(directory, 'offline'), options);
    await rm(files.caKey);
    await expect(createCluster(join(directory, 'offline'), options)).rejects.toMatchObject({ code: 'AlreadyExists' });
    await expect(stat(files.caKey)).rejects.toThrow('ENOENT');
  });

  it('issues node certificates that a mutual TLS handshake takes, and another CA is refused', async () => {
    await createCluster(join(directory, 'tls'), { name: 'tls', admin: 'ada', hosts: [], now });
    const cluster = await openCluster(join(directory, 'tls'));
    expect(cluster.files.name).toBe('tls');
    const node = await createNodeCertificate(cluster, 'node-1', now);
    expect((await stat(node.key)).mode & 0o777).toBe(0o600);
    const ca = await read('tls', 'ca.crt');
    const server = { ca, cert: await read('tls', 'controller.crt'), key: await read('tls', 'controller.key') };
    const client = { ca, cert: await readFile(node.cert, 'utf8'), key: await readFile(node.key, 'utf8') };
    expect(await handshake(server, client)).toEqual([
      'URI:kcore://tls/node/node-1',
      'URI:kcore://tls/controller, DNS:kcore-controller',
    ]);
    const foreignCa = await issueCa('tls', now);
    const foreign = await issueCertificate(foreignCa, { kind: 'node', cluster: 'tls', name: 'node-1' }, now);
    await expect(handshake(server, { ...foreign, ca })).rejects.toThrow();
    await expect(handshake(server, { ...client, ca: foreignCa.cert })).rejects.toThrow();
  });

  it.each([['../evil'], ['a b'], ['']])('refuses the node name %j before any file is made', async (name) => {
    const cluster = await openCluster(join(directory, 'tls'));
    await expect(createNodeCertificate(cluster, name, now)).rejects.toMatchObject({ code: 'InvalidArgument' });
  });

  it('says where a cluster comes from when there is none', async () => {
    await expect(openCluster(join(directory, 'none'))).rejects.toMatchObject({
      code: 'FailedPrecondition',
      details: { remedy: expect.stringContaining('create cluster') },
    });
  });
});
