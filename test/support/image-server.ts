import { join } from 'node:path';
import { mustRun, startBackground } from './command.ts';
import { eventually } from './eventually.ts';
import { placed } from './namespace.ts';

/** A server of disk images on the loopback address of one network namespace, by https. */
export interface ImageServer extends AsyncDisposable {
  /** `https://127.0.0.1:<port>` */
  readonly url: string;
  /** What it was asked for, in order: `GET /whole.raw`. */
  requests(): readonly string[];
}

const PORT = 8443;
/** Long enough that all who want an image have asked for it before its first byte is there. */
const DELAY_MS = 1_000;

/** Its argument is an object: `image`, `key`, `certificate` are files. It cuts `/truncated.raw` off in the middle. */
const SERVER = `
  const { image, key, certificate } = JSON.parse(process.argv[1]);
  const { readFileSync } = require('node:fs');
  const body = readFileSync(image);
  const answer = (request, response) => {
    console.log(request.method, request.url);
    setTimeout(() => {
      response.writeHead(200, { 'content-length': body.length });
      if (request.url !== '/truncated.raw') return response.end(body);
      response.write(body.subarray(0, body.length / 2), () => response.destroy());
    }, ${DELAY_MS});
  };
  require('node:https')
    .createServer({ key: readFileSync(key), cert: readFileSync(certificate) }, answer)
    .listen(${PORT}, '127.0.0.1', () => console.log('listening'));`;

/** Makes a certificate for it, and resolves with its file, which is that of its own issuer, too. */
export async function serverCertificate(directory: string): Promise<string> {
  const certificate = join(directory, 'images.crt');
  await mustRun([
    ...['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
    ...['-subj', '/CN=images', '-addext', 'subjectAltName=IP:127.0.0.1'],
    ...['-keyout', join(directory, 'images.key'), '-out', certificate],
  ]);
  return certificate;
}

/** @param certificate made by `serverCertificate`. */
export async function startImageServer(netns: string, image: string, certificate: string): Promise<ImageServer> {
  const files = { image, certificate, key: certificate.replace(/crt$/, 'key') };
  const server = startBackground(placed(netns, [process.execPath, '-e', SERVER, JSON.stringify(files)]));
  await eventually(() => {
    if (!server.said().includes('listening')) throw new Error(`the image server did not begin: ${server.said()}`);
  });
  return {
    url: `https://127.0.0.1:${PORT}`,
    requests: () => server.said().match(/^GET .*$/gm) ?? [],
    [Symbol.asyncDispose]: async () => {
      await server.stop();
    },
  };
}
