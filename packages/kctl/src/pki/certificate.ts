// The ASN.1 library keeps its schemas as decorator metadata, and looks for the polyfill when it is loaded.
import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import { CONTROLLER_DNS_NAME, type Identity, identityUri } from '@kcore/contract';
import * as x509 from '@peculiar/x509';

/** A certificate and its private key (PKCS #8), PEM texts. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** P-256 with SHA-256: what every TLS library takes, and 32-byte keys that need no time to make. */
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

const DAY_MS = 86_400_000;
/** Days a certificate is valid. Leaves are short of the 825 days that some TLS libraries take as a maximum. */
export const VALID_DAYS = { ca: 3_650, leaf: 820 } as const;
/** Clocks of nodes differ: a certificate must be good on a node that is behind. */
const BACKDATED_MS = 3_600_000;

interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

function validity(now: Date, days: number): Validity {
  return { notBefore: new Date(now.getTime() - BACKDATED_MS), notAfter: new Date(now.getTime() + days * DAY_MS) };
}

/** 16 random bytes; the first bit is clear, because the serial is a signed number and must be positive (RFC 5280 §4.1.2.2). */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes.writeUInt8((bytes.readUInt8(0) & 0x7f) | 0x01, 0);
  return bytes.toString('hex');
}

async function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

async function privateKeyPem(keys: webcrypto.CryptoKeyPair): Promise<string> {
  const der = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return `${x509.PemConverter.encode(der, 'PRIVATE KEY')}\n`;
}

/** A new root of a cluster: it signs certificates of one level below it and nothing else. */
export async function issueCa(cluster: string, now: Date): Promise<KeyPair> {
  const keys = await generateKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: [{ O: ['kcore'] }, { CN: [`${cluster} CA`] }],
    ...validity(now, VALID_DAYS.ca),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { cert: `${certificate.toString('pem')}\n`, key: await privateKeyPem(keys) };
}

function alternativeNames(identity: Identity, hosts: readonly string[]): x509.JsonGeneralName[] {
  const dns = identity.kind === 'controller' ? [CONTROLLER_DNS_NAME, ...hosts] : [];
  return [
    { type: 'url', value: identityUri(identity) },
    ...[...new Set(dns)].map((host) => ({ type: isIP(host) === 0 ? ('dns' as const) : ('ip' as const), value: host })),
  ];
}

/** The controller dials nobody today but is a client of its peers later; nodes and admins are only ever clients. */
function keyPurposes(identity: Identity): string[] {
  const { serverAuth, clientAuth } = x509.ExtendedKeyUsage;
  return identity.kind === 'controller' ? [serverAuth, clientAuth] : [clientAuth];
}

/**
 * A certificate for `identity`, signed by `ca`, with a new key.
 *
 * @param hosts addresses and DNS names of the controller beside {@link CONTROLLER_DNS_NAME}; unused for others.
 */
export async function issueCertificate(
  ca: KeyPair,
  identity: Identity,
  now: Date,
  hosts: readonly string[] = [],
): Promise<KeyPair> {
  const keys = await generateKeys();
  const issuer = new x509.X509Certificate(ca.cert);
  const signingKey = await webcrypto.subtle.importKey(
    'pkcs8',
    x509.PemConverter.decodeFirst(ca.key),
    ALGORITHM,
    false,
    ['sign'],
  );
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: [
      { O: ['kcore'] },
      { CN: [identity.kind === 'controller' ? 'controller' : `${identity.kind}-${identity.name}`] },
    ],
    issuer: issuer.subject,
    ...validity(now, VALID_DAYS.leaf),
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension(keyPurposes(identity)),
      new x509.SubjectAlternativeNameExtension(alternativeNames(identity, hosts)),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return { cert: `${certificate.toString('pem')}\n`, key: await privateKeyPem(keys) };
}
