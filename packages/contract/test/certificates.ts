// The ASN.1 library keeps its schemas as decorator metadata, and looks for the polyfill when it is loaded.
import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { CONTROLLER_DNS_NAME } from '../src/identity.ts';

/** Certificates for tests, whole or deliberately wrong in one point. */

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const HOUR_MS = 3_600_000;

export interface TestCertificate {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface TestAuthority {
  readonly ca: string;
  /** `uri`: `kcore://<cluster>/…`. A controller's gets its DNS name. */
  issue(uri: string, options?: IssueOptions): Promise<TestCertificate>;
}

interface IssueOptions {
  /** Hours from now. */
  readonly from?: number;
  readonly to?: number;
  readonly dns?: readonly string[];
}

async function pemKey(keys: webcrypto.CryptoKeyPair): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
}

const serial = () => `01${randomBytes(8).toString('hex')}`;

export async function createAuthority(): Promise<TestAuthority> {
  const caKeys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: 'CN=test CA',
    notBefore: new Date(Date.now() - 48 * HOUR_MS),
    notAfter: new Date(Date.now() + 48 * HOUR_MS),
    signingAlgorithm: ALGORITHM,
    keys: caKeys,
    extensions: [new x509.BasicConstraintsExtension(true, 0, true)],
  });
  const ca = root.toString('pem');
  const issue = async (uri: string, options: IssueOptions = {}): Promise<TestCertificate> => {
    const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
    const dns = options.dns ?? (uri.endsWith('/controller') ? [CONTROLLER_DNS_NAME] : []);
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: serial(),
      issuer: root.subject,
      subject: 'CN=test',
      notBefore: new Date(Date.now() + (options.from ?? -1) * HOUR_MS),
      notAfter: new Date(Date.now() + (options.to ?? 1) * HOUR_MS),
      signingAlgorithm: ALGORITHM,
      signingKey: caKeys.privateKey,
      publicKey: keys.publicKey,
      extensions: [
        new x509.SubjectAlternativeNameExtension([
          { type: 'url' as const, value: uri },
          ...dns.map((value) => ({ type: 'dns' as const, value })),
        ]),
      ],
    });
    return { ca, cert: certificate.toString('pem'), key: await pemKey(keys) };
  };
  return { ca, issue };
}
