import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createAuthority } from '../test/certificates.ts';
import { identityOfCertificate, identityUri, parseIdentityUri } from './identity.ts';

describe('identities (R-56)', () => {
  test.each([
    ['kcore://lab/node/node-1', { kind: 'node', cluster: 'lab', name: 'node-1' }],
    ['kcore://lab/admin/root', { kind: 'admin', cluster: 'lab', name: 'root' }],
    ['kcore://lab/controller', { kind: 'controller', cluster: 'lab' }],
  ] as const)('%s', (uri, identity) => {
    expect(parseIdentityUri(uri)).toEqual(identity);
    expect(identityUri(identity)).toBe(uri);
  });

  test.each([
    'kcore://lab',
    'kcore://lab/node/',
    'kcore://lab/node/a/b',
    'kcore://lab/reader/a',
    'kcore:///node/a',
    'kcore://lab/controller/x',
    'https://lab/node/a',
    'kcore://lab/node/a b',
    'kcore://lab/node/a, URI:kcore://lab/admin/root',
  ])('%j is none', (uri) => {
    expect(parseIdentityUri(uri)).toBeUndefined();
  });

  test('is read from a certificate', async () => {
    const authority = await createAuthority();
    const { cert } = await authority.issue('kcore://lab/node/n1');
    expect(identityOfCertificate(new X509Certificate(cert))).toEqual({ kind: 'node', cluster: 'lab', name: 'n1' });
  });

  test("a node's certificate carries nothing else", async () => {
    const authority = await createAuthority();
    const named = await authority.issue('kcore://lab/node/n1', { dns: ['kcore-controller'] });
    expect(() => identityOfCertificate(new X509Certificate(named.cert))).toThrow('carries other names');
    const foreign = await authority.issue('https://lab/node/n1');
    expect(() => identityOfCertificate(new X509Certificate(foreign.cert))).toThrow('does not name one kcore identity');
  });

  test('an identity hidden in another name is not found', async () => {
    const authority = await createAuthority();
    const tricky = await authority.issue('https://x/, URI:kcore://lab/admin/root');
    expect(() => identityOfCertificate(new X509Certificate(tricky.cert))).toThrow('does not name one kcore identity');
  });
});
