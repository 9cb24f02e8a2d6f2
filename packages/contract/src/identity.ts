import type { X509Certificate } from 'node:crypto';
import { KcoreError } from './errors.ts';
import { NAME_PATTERN } from './network.ts';

/** Who is at the other end, as its certificate says: the one URI of its subject alternative names. */
export type Identity =
  | { readonly kind: 'admin' | 'node'; readonly cluster: string; readonly name: string }
  | { readonly kind: 'controller'; readonly cluster: string };

/** DNS name that the controller's certificate carries beside the URI; sent as SNI. Clients verify the URI, not the host. */
export const CONTROLLER_DNS_NAME = 'kcore-controller';

/** `kcore://<cluster>/node/<name>`, `kcore://<cluster>/admin/<name>`, `kcore://<cluster>/controller`. */
export function identityUri(identity: Identity): string {
  const role = identity.kind === 'controller' ? 'controller' : `${identity.kind}/${identity.name}`;
  return `kcore://${identity.cluster}/${role}`;
}

export function parseIdentityUri(uri: string): Identity | undefined {
  const match = /^kcore:\/\/([^/]+)\/(?:(controller)|(node|admin)\/([^/]+))$/.exec(uri);
  if (match === null) return undefined;
  const [, cluster = '', controller, role, name = ''] = match;
  if (!NAME_PATTERN.test(cluster)) return undefined;
  if (controller !== undefined) return { kind: 'controller', cluster };
  if (!NAME_PATTERN.test(name)) return undefined;
  return { kind: role === 'node' ? 'node' : 'admin', cluster, name };
}

/**
 * @throws {KcoreError} Unauthenticated when the certificate names none or more than one identity, or when a client's
 * certificate carries other names beside its own.
 */
export function identityOfCertificate(certificate: X509Certificate): Identity {
  // Node quotes an entry that contains a comma as a JSON string, so splitting cannot be fooled by an entry's text.
  const names = (certificate.subjectAltName ?? '').split(', ').filter((entry) => entry !== '');
  const uris = names.filter((entry) => entry.startsWith('URI:')).map((entry) => entry.slice(4));
  const identity = uris.length === 1 ? parseIdentityUri(uris[0] ?? '') : undefined;
  if (identity === undefined) {
    throw new KcoreError('Unauthenticated', 'the certificate does not name one kcore identity in its URI', {
      remedy: 'use a certificate made by kctl for this cluster',
    });
  }
  if (identity.kind !== 'controller' && names.length !== 1) {
    throw new KcoreError('Unauthenticated', 'the certificate carries other names beside its kcore identity');
  }
  return identity;
}

/** For people: `node 'n1'`. */
export function describeIdentity(identity: Identity): string {
  return identity.kind === 'controller' ? 'the controller' : `${identity.kind} '${identity.name}'`;
}
