import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAuthority } from '../../contract/test/certificates.ts';
import { readConfig } from './config.ts';

let directory: string;
const path = () => join(directory, 'c.json');
const good = { dataDir: 'data', listen: [{ host: '127.0.0.1', port: 1 }], tls: { ca: 'ca', cert: 'cert', key: 'key' } };

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kcore-config-'));
  const authority = await createAuthority();
  const controller = await authority.issue('kcore://lab/controller');
  const node = await authority.issue('kcore://lab/node/n1');
  for (const name of ['ca', 'cert', 'key'] as const) await writeFile(join(directory, name), controller[name]);
  await writeFile(join(directory, 'node'), node.cert);
});
afterAll(() => rm(directory, { recursive: true }));

async function read(value: unknown) {
  await writeFile(path(), typeof value === 'string' ? value : JSON.stringify(value));
  return readConfig(path());
}

describe('the configuration', () => {
  test('paths are relative to it, the cluster is that of the certificate', async () => {
    expect(await read({ ...good, unixSocket: 's' })).toMatchObject({
      cluster: 'lab',
      dataDir: join(directory, 'data'),
      listen: [{ host: '127.0.0.1', port: 1 }, { path: join(directory, 's') }],
      logLevel: 'info',
    });
  });

  test('names a file of images and says what is given away how often', async () => {
    expect(await read({ ...good, images: 'images.json', overcommit: { cpu: 4, disk: 1.5 } })).toMatchObject({
      images: join(directory, 'images.json'),
      overcommit: { cpu: 4, disk: 1.5 },
    });
    expect(Object.keys(await read(good))).not.toContain('images');
  });

  test.each([
    ['an overcommit of nothing', { ...good, overcommit: { memory: 0 } }, /overcommit\.memory/],
    ['an overcommit of what there is not', { ...good, overcommit: { gpu: 2 } }, /unknown field 'overcommit\.gpu'/],
    ['no JSON', '{', /is not JSON/],
    ['an unknown key', { ...good, datadir: 'x' }, /unknown field 'datadir'/],
    ['nowhere to listen', { ...good, listen: [] }, /listen names no address/],
    ['a bad address', { ...good, listen: [{ host: 'x' }] }, /listen\.0: must be \{"host", "port"\} or \{"path"\}/],
    [
      'a missing file',
      { ...good, tls: { ...good.tls, key: 'nope' } },
      /cannot read tls\.key \(.*nope\): there is no such file/,
    ],
    ['text for a certificate', { ...good, tls: { ...good.tls, cert: 'key' } }, /is not a PEM certificate/],
    [
      "a node's certificate",
      { ...good, tls: { ...good.tls, cert: 'node' } },
      /is the certificate of node 'n1', not of a controller/,
    ],
    ['another cluster', { ...good, cluster: 'prod' }, /cluster is 'prod', but the certificate .* is of 'lab'/],
    ['a level that is none', { ...good, logLevel: 'loud' }, /logLevel/],
  ])('%s', async (_name, value, text) => {
    await expect(read(value)).rejects.toThrow(text);
  });

  test('no such file', async () => {
    await expect(readConfig(join(directory, 'nope.json'))).rejects.toThrow(
      /cannot read the configuration \(.*\): there is no such file/,
    );
  });
});
