import { KcoreError } from './errors.ts';

/** What a system or TLS error code means to the person whose connection it ended. */
const unreachable: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOENT: 'there is no such socket',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the network',
  ETIMEDOUT: 'no answer',
  ENOTFOUND: 'the host name is not known',
  EAI_AGAIN: 'the name server does not answer',
  EADDRNOTAVAIL: 'the address is not available',
};

const foreignIssuer = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_SIGNATURE_FAILURE',
]);

const CHECK_CLOCK = 'check the clock of both machines; renew the certificate if it is really over';

export function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : '';
}

/** A connection that did not come to be, before the server had our certificate. `target` is a URL or a path. */
export function connectError(target: string, error: unknown): KcoreError {
  if (error instanceof KcoreError) return error;
  const code = codeOf(error);
  const details = (remedy: string) => ({ target, reason: code, remedy });
  if (code === 'EACCES' || code === 'EPERM') {
    const remedy = 'run as the user that may open it';
    return new KcoreError('PermissionDenied', `may not open ${target}`, details(remedy), error);
  }
  if (foreignIssuer.has(code)) {
    const text = `the controller at ${target} has a certificate of another CA`;
    return new KcoreError(
      'Unauthenticated',
      text,
      details("use the CA certificate of this controller's cluster"),
      error,
    );
  }
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    const when = code === 'CERT_HAS_EXPIRED' ? 'has expired' : 'is not valid yet';
    const text = `the certificate of the controller at ${target} ${when}`;
    return new KcoreError('Unauthenticated', text, details(CHECK_CLOCK), error);
  }
  const known = unreachable[code];
  const why = known ?? (error instanceof Error ? error.message : String(error));
  const what =
    known === undefined && code.startsWith('E')
      ? 'cannot speak TLS with the controller'
      : 'cannot reach the controller';
  const remedy = 'check the address, and that kcore-controller runs there';
  return new KcoreError('Unavailable', `${what} at ${target}: ${why}`, details(remedy), error);
}

/**
 * TLS 1.3 lets a client finish its side before the server has looked at its certificate, so a refused certificate
 * shows as an alert or a reset right after.
 */
export function refusedError(target: string, error: unknown): KcoreError {
  const code = codeOf(error);
  const alert = code.startsWith('ERR_SSL_');
  if (alert || code === 'ECONNRESET' || code === 'EPIPE') {
    const details = {
      target,
      reason: code,
      remedy: 'use a certificate issued by the CA of this cluster that has not expired',
    };
    return new KcoreError(
      'Unauthenticated',
      `the controller at ${target} refused this client's certificate`,
      details,
      error,
    );
  }
  return connectError(target, error);
}

export function certificatePeriodError(
  subject: string,
  validFrom: string,
  validTo: string,
  now: number,
): KcoreError | undefined {
  if (now > Date.parse(validTo)) {
    const details = { remedy: CHECK_CLOCK };
    return new KcoreError('Unauthenticated', `the certificate of ${subject} expired on ${isoOf(validTo)}`, details);
  }
  if (now < Date.parse(validFrom)) {
    const text = `the certificate of ${subject} is not valid before ${isoOf(validFrom)}`;
    return new KcoreError('Unauthenticated', text, { remedy: CHECK_CLOCK });
  }
  return undefined;
}

function isoOf(date: string): string {
  return new Date(Date.parse(date)).toISOString();
}
