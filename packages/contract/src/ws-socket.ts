import { X509Certificate } from 'node:crypto';
import { lstat, unlink } from 'node:fs/promises';
import { connect as connectTcp, type Server } from 'node:net';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { KcoreError } from './errors.ts';
import { CONTROLLER_DNS_NAME, describeIdentity, type Identity, identityOfCertificate } from './identity.ts';
import { certificatePeriodError, codeOf, connectError } from './ws-errors.ts';

/** PEM texts. */
export interface TlsFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** Sent as SNI; `kcore-controller` unless told. The server is known by its CA and its URI, not by this. */
  readonly servername?: string;
}

/** TCP by `wss://host:port`, or a unix socket by its path. Both speak TLS. */
export type Endpoint = { readonly url: string } | { readonly unixPath: string };

export function describeEndpoint(endpoint: Endpoint): string {
  return 'url' in endpoint ? endpoint.url : `unix:${endpoint.unixPath}`;
}

/** Port when the URL names none. */
const DEFAULT_PORT = 7443;

function addressOf(endpoint: Endpoint): ConnectionOptions {
  if ('unixPath' in endpoint) return { path: endpoint.unixPath };
  const url = URL.canParse(endpoint.url) ? new URL(endpoint.url) : undefined;
  if (url === undefined || url.protocol !== 'wss:' || url.hostname === '') {
    throw new KcoreError(
      'InvalidArgument',
      `'${endpoint.url}' is not a controller's address (for example wss://10.0.0.1:7443)`,
    );
  }
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port === '' ? DEFAULT_PORT : Number(url.port) };
}

/** Our own identity; says what is wrong with our own certificate before anybody is asked. */
function ownIdentity(tls: TlsFiles): Identity {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(tls.cert);
  } catch (error) {
    throw new KcoreError(
      'InvalidArgument',
      'the client certificate is not a PEM certificate',
      { field: 'tls.cert' },
      error,
    );
  }
  const identity = identityOfCertificate(certificate);
  const problem = certificatePeriodError(
    describeIdentity(identity),
    certificate.validFrom,
    certificate.validTo,
    Date.now(),
  );
  if (problem !== undefined) throw problem;
  return identity;
}

function checkServer(raw: Buffer, cluster: string): Error | undefined {
  try {
    const identity = identityOfCertificate(new X509Certificate(raw));
    if (identity.kind !== 'controller') {
      return new KcoreError('Unauthenticated', `${describeIdentity(identity)} answers there, not a controller`);
    }
    if (identity.cluster === cluster) return undefined;
    const text = `the controller is of cluster '${identity.cluster}', this certificate of '${cluster}'`;
    return new KcoreError('Unauthenticated', text);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

export interface TlsConnection {
  readonly socket: TLSSocket;
  readonly peerCertificate: X509Certificate;
}

/**
 * Connects and verifies the server: its certificate's CA, its period, and that it is the controller of our cluster.
 * @throws {KcoreError} Unavailable, Unauthenticated, InvalidArgument, Aborted.
 */
export async function openTls(endpoint: Endpoint, tls: TlsFiles, signal: AbortSignal): Promise<TlsConnection> {
  const target = describeEndpoint(endpoint);
  const { cluster } = ownIdentity(tls);
  const address = addressOf(endpoint);
  let socket: TLSSocket;
  try {
    socket = connect({
      ...address,
      ca: tls.ca,
      cert: tls.cert,
      key: tls.key,
      servername: tls.servername ?? CONTROLLER_DNS_NAME,
      minVersion: 'TLSv1.3',
      checkServerIdentity: (_host, certificate) => checkServer(certificate.raw, cluster),
    });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new KcoreError(
      'InvalidArgument',
      `the client's certificate, key or CA cannot be used: ${why}`,
      { field: 'tls' },
      error,
    );
  }
  await established(socket, target, signal);
  const peerCertificate = socket.getPeerX509Certificate();
  if (peerCertificate === undefined) {
    socket.destroy();
    throw new KcoreError('Unauthenticated', `the controller at ${target} showed no certificate`);
  }
  return { socket, peerCertificate };
}

function established(socket: TLSSocket, target: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const finish = (error?: KcoreError) => {
      socket.removeAllListeners('secureConnect');
      signal.removeEventListener('abort', onAbort);
      if (error === undefined) {
        resolve();
        return;
      }
      // A socket that errs once more while it is being destroyed must not take the process down.
      socket.on('error', () => {});
      socket.destroy();
      reject(error);
    };
    const onAbort = () => finish(abortError(target, signal));
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('error', (error) => finish(connectError(target, error)));
    socket.once('secureConnect', () => finish());
    if (signal.aborted) onAbort();
  });
}

/** The signal's own reason when it is one of ours (a deadline), else Aborted. */
export function abortError(target: string, signal: AbortSignal): KcoreError {
  return signal.reason instanceof KcoreError
    ? signal.reason
    : new KcoreError('Aborted', `connecting to ${target} was given up`);
}

/** Where a server listens. */
export type ListenAddress = { readonly host: string; readonly port: number } | { readonly path: string };

export function describeListen(address: ListenAddress): string {
  return 'path' in address ? `unix:${address.path}` : `${address.host}:${address.port}`;
}

/** @throws {KcoreError} FailedPrecondition when the address is taken or not there. */
export async function listen(server: Server, address: ListenAddress): Promise<void> {
  if ('path' in address) await removeStaleSocket(address.path);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenError(address, error)));
    server.listen(address, () => resolve());
  });
  server.removeAllListeners('error');
}

function listenError(address: ListenAddress, error: Error): KcoreError {
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: 'something listens there already',
    EADDRNOTAVAIL: 'this machine does not have that address',
    EACCES: 'not permitted',
    ENOENT: 'the directory does not exist',
  };
  const why = reasons[codeOf(error)] ?? error.message;
  return new KcoreError('FailedPrecondition', `cannot listen on ${describeListen(address)}: ${why}`, {}, error);
}

/** A server that was killed leaves its socket's file; only one that nobody answers on is removed. */
async function removeStaleSocket(path: string): Promise<void> {
  const stat = await lstat(path).catch(() => undefined);
  if (stat === undefined) return;
  if (!stat.isSocket()) {
    throw new KcoreError('FailedPrecondition', `cannot listen on unix:${path}: a file that is no socket is in the way`);
  }
  const alive = await new Promise<boolean>((resolve) => {
    const probe = connectTcp({ path });
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', (error) => resolve(codeOf(error) !== 'ECONNREFUSED'));
  });
  if (!alive) await unlink(path);
}
