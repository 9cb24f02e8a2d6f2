import { describe, expect, it } from 'vitest';
import { ConfigError, parseConfig, readConfig, readTls } from './config.ts';

const valid = {
  node: 'node-1',
  controller: { url: 'wss://192.168.40.10:7443' },
  tls: { ca: '/etc/kcore/ca.crt', cert: '/etc/kcore/node.crt', key: '/etc/kcore/node.key' },
  dataDir: '/var/lib/kcore/agent',
};
const parse = (value: unknown) => parseConfig(JSON.stringify(value), 'agent.json');

describe('the configuration', () => {
  it('has defaults for all that can have one', () => {
    expect(parse(valid)).toEqual({
      ...valid,
      disableVxlan: false,
      runtime: { kind: 'qemu', qemu: '/usr/bin/qemu-system-x86_64', qemuImg: '/usr/bin/qemu-img', user: 'nobody' },
      resolvers: '/etc/resolv.conf',
      logLevel: 'info',
    });
  });

  it.each<[string, unknown, RegExp]>([
    ['no JSON', '{', /^agent\.json is not JSON: /],
    ['a missing key', { ...valid, node: undefined }, /missing field 'node'/],
    ['a misspelt key', { ...valid, datadir: '/x' }, /unknown field 'datadir'; did you mean 'dataDir'\?/],
    ['an unknown key', { ...valid, colour: 'red' }, /unknown field 'colour'$/m],
    [
      'a URL of another kind',
      { ...valid, controller: { url: 'http://x' } },
      /controller\.url: must be wss:\/\/HOST:PORT/,
    ],
    ['a relative path', { ...valid, dataDir: 'data' }, /dataDir: must be an absolute path/],
    ['an unknown runtime', { ...valid, runtime: { kind: 'docker' } }, /runtime/],
    ['a runtime without its socket', { ...valid, runtime: { kind: 'namespace' } }, /missing field 'runtime\.socket'/],
    ['a bad name', { ...valid, node: 'a b' }, /node: must be 1 to 63 letters, digits, '-' or '_'/],
    ['a bad level', { ...valid, logLevel: 'loud' }, /logLevel/],
  ])('refuses %s', (_title, value, message) => {
    const act = () => (typeof value === 'string' ? parseConfig(value, 'agent.json') : parse(value));
    expect(act).toThrow(ConfigError);
    expect(act).toThrow(message);
  });

  it('names every wrong key at once', () => {
    expect(() => parse({ ...valid, node: '', dataDir: 'x' })).toThrow(/node[\s\S]*dataDir/);
  });

  it('names the file and the key of what cannot be read', () => {
    expect(() => readConfig('/nowhere/agent.json')).toThrow('--config: /nowhere/agent.json cannot be read: ENOENT');
    expect(() => readTls(parse({ ...valid, tls: { ...valid.tls, ca: '/nowhere/ca.crt' } }))).toThrow(
      'tls.ca: /nowhere/ca.crt cannot be read: ENOENT',
    );
  });
});
