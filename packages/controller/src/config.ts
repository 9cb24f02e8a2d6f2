import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { check, identityOfCertificate, invalidArgument, isIpv4, KcoreError, NAME_PATTERN } from '@kcore/contract';
import type { ListenAddress, TlsFiles } from '@kcore/contract/ws';
import * as v from 'valibot';
import type { DefaultNetworkSpec } from './resources/default-network.ts';
import type { Overcommit } from './resources/share.ts';

/** How many times a resource is given away. Below 1, a part of it is left to the host. */
const factor = v.exactOptional(v.pipe(v.number(), v.minValue(0.1), v.maxValue(1000)));

/** The configuration file. README.md tells of every key. Paths are relative to the file. */
const Config = v.strictObject({
  cluster: v.exactOptional(v.pipe(v.string(), v.regex(NAME_PATTERN, "has letters, digits, '-' and '_'"))),
  dataDir: v.pipe(v.string(), v.nonEmpty('must name a directory')),
  listen: v.array(
    v.union(
      [
        v.strictObject({
          host: v.string(),
          port: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65535)),
        }),
        v.strictObject({ path: v.pipe(v.string(), v.nonEmpty()) }),
      ],
      'must be {"host", "port"} or {"path"}',
    ),
  ),
  unixSocket: v.exactOptional(v.pipe(v.string(), v.nonEmpty('must name a file'))),
  tls: v.strictObject({ ca: v.string(), cert: v.string(), key: v.string() }),
  defaultNetwork: v.exactOptional(
    v.strictObject({
      gatewayIp: v.exactOptional(v.pipe(v.string(), v.check(isIpv4, 'must be an IPv4 address'))),
      internalNetmask: v.exactOptional(v.string()),
      externalIp: v.exactOptional(v.string()),
      uplink: v.exactOptional(v.string()),
    }),
  ),
  images: v.exactOptional(v.pipe(v.string(), v.nonEmpty('must name a file'))),
  overcommit: v.exactOptional(v.strictObject({ cpu: factor, memory: factor, disk: factor })),
  maxConnections: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(1))),
  logLevel: v.exactOptional(v.picklist(['trace', 'debug', 'info', 'warn', 'error', 'silent'])),
});

export interface ControllerConfig {
  readonly cluster: string;
  readonly dataDir: string;
  readonly listen: readonly ListenAddress[];
  /** Texts, read from the files that the configuration names. */
  readonly tls: TlsFiles;
  readonly defaultNetwork?: DefaultNetworkSpec;
  /** The operator's catalogue of images. */
  readonly images?: string;
  readonly overcommit?: Partial<Overcommit>;
  readonly maxConnections?: number;
  readonly logLevel: string;
}

/** @throws {KcoreError} InvalidArgument or FailedPrecondition, naming the file and the key. */
export async function readConfig(path: string): Promise<ControllerConfig> {
  const text = await readText(path, 'the configuration');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalidArgument(`${path} is not JSON: ${error instanceof Error ? error.message : error}`);
  }
  let config: v.InferOutput<typeof Config>;
  try {
    config = check(Config, value);
  } catch (error) {
    throw error instanceof KcoreError ? invalidArgument(`${path}: ${error.message}`, error.details) : error;
  }
  return await decide(config, path);
}

async function decide(config: v.InferOutput<typeof Config>, path: string): Promise<ControllerConfig> {
  const absolute = (file: string) => resolve(dirname(path), file);
  const { cluster, unixSocket, dataDir, tls, listen, logLevel, images, ...rest } = config;
  const addresses = listen.map((address) => ('path' in address ? { path: absolute(address.path) } : address));
  if (unixSocket !== undefined) addresses.push({ path: absolute(unixSocket) });
  if (addresses.length === 0) throw invalidArgument(`${path}: listen names no address`, { field: 'listen' });
  const files: TlsFiles = {
    ca: await readText(absolute(tls.ca), 'tls.ca'),
    cert: await readText(absolute(tls.cert), 'tls.cert'),
    key: await readText(absolute(tls.key), 'tls.key'),
  };
  const named = clusterOf(files.cert, absolute(tls.cert));
  if (cluster !== undefined && cluster !== named) {
    throw invalidArgument(
      `${path}: cluster is '${cluster}', but the certificate ${absolute(tls.cert)} is of '${named}'`,
      {
        field: 'cluster',
      },
    );
  }
  return {
    ...rest,
    cluster: named,
    dataDir: absolute(dataDir),
    ...(images === undefined ? {} : { images: absolute(images) }),
    listen: addresses,
    tls: files,
    logLevel: logLevel ?? 'info',
  };
}

function clusterOf(cert: string, path: string): string {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(cert);
  } catch (error) {
    throw new KcoreError('InvalidArgument', `tls.cert: ${path} is not a PEM certificate`, { field: 'tls.cert' }, error);
  }
  const identity = identityOfCertificate(certificate);
  if (identity.kind === 'controller') return identity.cluster;
  throw invalidArgument(
    `tls.cert: ${path} is the certificate of ${identity.kind} '${identity.name}', not of a controller`,
    {
      field: 'tls.cert',
    },
  );
}

async function readText(path: string, what: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const why = code === 'ENOENT' ? 'there is no such file' : code === 'EACCES' ? 'not permitted' : String(error);
    throw new KcoreError('FailedPrecondition', `cannot read ${what} (${path}): ${why}`, {}, error);
  }
}
