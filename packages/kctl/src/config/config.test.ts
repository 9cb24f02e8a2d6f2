import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { FakeController } from '../../test/support/fake-controller.ts';
import { CONFIG, Workspace } from '../../test/support/run.ts';
import type { Access } from './access.ts';
import { withContext, withoutContext } from './config.ts';
import { configPath, editConfig, readConfig } from './file.ts';

const entry = (name: string) => ({
  name,
  controller: 'unix:/run/x',
  ca: '-----BEGIN',
  cert: '-----BEGIN',
  key: '-----BEGIN',
});

/** Runs a command and returns the access with which it connected. */
async function accessOf(kctl: Workspace, line: string, env: Record<string, string> = {}): Promise<Access | undefined> {
  const seen: Access[] = [];
  await kctl.run(line, {
    env: { KCORE_CONFIG: kctl.path('config'), ...env },
    connect: (access, timeoutMs) => {
      seen.push(access);
      return new FakeController().connect(access, timeoutMs);
    },
  });
  return seen[0];
}

describe('the configuration', () => {
  it.each([
    [{ KCORE_CONFIG: '/a/b' }, '/a/b'],
    [{ KCORE_CONFIG: '', XDG_CONFIG_HOME: '/x' }, '/x/kcore/config'],
    [{ XDG_CONFIG_HOME: '' }, '/home/ada/.config/kcore/config'],
  ])('is at its place: %j', (env, path) => {
    expect(configPath(env, '/home/ada')).toBe(path);
  });

  it('is refused when others can read it, and says how to mend that', async () => {
    await using kctl = await Workspace.open();
    await chmod(kctl.path('config'), 0o640);
    expect(await kctl.run('get networks')).toEqual({
      exit: 4,
      stdout: '',
      stderr: `Error: FailedPrecondition: '${kctl.path('config')}' can be read by others (mode 0640)\nRemedy: chmod 600 ${kctl.path('config')}\n`,
    });
  });

  it('is written for its owner only, whole, and leaves nothing else behind', async () => {
    await using kctl = await Workspace.open();
    await Promise.all(
      Array.from({ length: 8 }, (_, at) =>
        editConfig(kctl.path('config'), (config) => withContext(config, entry(`c${at}`), false)),
      ),
    );
    const { contexts, currentContext } = await readConfig(kctl.path('config'));
    expect(contexts.map(({ name }) => name).sort()).toEqual(['c0', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7', 'test']);
    expect(currentContext).toBe('test');
    expect((await stat(kctl.path('config'))).mode & 0o777).toBe(0o600);
    expect(await readdir(kctl.directory)).toEqual(['config']);
  });

  it('forgets a context, and does not choose another in its place', () => {
    const config = withContext(withContext({ contexts: [] }, entry('a'), false), entry('b'), true);
    expect(config.currentContext).toBe('b');
    expect(withoutContext(config, 'b')).toEqual({ contexts: [entry('a')] });
    expect(withoutContext(config, 'a')).toMatchObject({ currentContext: 'b' });
  });

  it('chooses by --context, then KCORE_CONTEXT, then the current one, then the only one', async () => {
    await using kctl = await Workspace.open();
    const more = (name: string) =>
      CONFIG.slice(CONFIG.indexOf('  - name')).replace('test', name).replace('10.0.0.1', name);
    await writeFile(kctl.path('config'), `${CONFIG}${more('b')}${more('c')}`);
    const env = { KCORE_CONTEXT: 'b' };
    expect((await accessOf(kctl, '--context c get vms', env))?.controller).toBe('wss://c:7443');
    expect((await accessOf(kctl, 'get vms --context c', env))?.controller).toBe('wss://c:7443');
    expect((await accessOf(kctl, 'get vms', env))?.controller).toBe('wss://b:7443');
    expect((await accessOf(kctl, 'get vms'))?.controller).toBe('wss://10.0.0.1:7443');
    expect((await kctl.run('config use-context c')).stdout).toBe("using context 'c'\n");
    expect((await accessOf(kctl, 'get vms'))?.controller).toBe('wss://c:7443');
    expect((await kctl.run('config get-contexts')).stdout).toBe(
      `CURRENT  NAME  CONTROLLER
         b     wss://b:7443
*        c     wss://c:7443
         test  wss://10.0.0.1:7443
`,
    );
    expect((await kctl.run('config get-contexts -o json')).stdout).not.toContain('BEGIN');
  });

  it.each([
    [undefined, 'get vms', 4, 'no context: kctl does not know any controller', 'kctl create cluster'],
    [CONFIG, 'get vms --context tset', 3, "context 'tset' not found; did you mean 'test'?", 'known contexts: test'],
    [CONFIG, 'config use-context nope', 3, "context 'nope' not found", 'known contexts: test'],
    [CONFIG.replace('wss:', 'http:'), 'get vms', 5, 'contexts.0.controller: must be wss://HOST:PORT or unix:/PATH', ''],
    ['{', 'get vms', 5, 'config: ', ''],
    [
      CONFIG.replace('currentContext: test\n', '') + CONFIG.slice(CONFIG.indexOf('  - name')).replace('test', 'b'),
      'get vms',
      4,
      'no context is chosen among test, b',
      'kctl config use-context',
    ],
  ])('is explained when it does not lead anywhere (%#)', async (config, line, exit, message, remedy) => {
    await using kctl = await Workspace.open(new FakeController(), config ?? '');
    const ran = await kctl.run(line);
    expect(ran.exit).toBe(exit);
    expect(ran.stderr).toContain(message);
    expect(ran.stderr).toContain(remedy);
  });

  it('reads certificates from files, relative to itself, and refuses a key that others can read', async () => {
    await using kctl = await Workspace.open();
    await writeFile(kctl.path('config'), CONFIG.replace(/key: .*/, 'key: admin.key').replace(/ca: .*/, 'ca: ca.crt'));
    await kctl.write('ca.crt', 'the CA');
    await writeFile(kctl.path('admin.key'), 'the key', { mode: 0o600 });
    expect(await accessOf(kctl, 'get vms')).toMatchObject({ ca: 'the CA', key: 'the key' });
    await chmod(kctl.path('admin.key'), 0o644);
    expect((await kctl.run('get vms')).stderr).toContain('can be read by others');
  });
});

describe('create cluster', () => {
  it('makes certificates and a context, once, and then those of nodes', async () => {
    await using kctl = await Workspace.open();
    const made = await kctl.run('create cluster prod --controller wss://10.0.0.1:7443 --host ctl.example -o json');
    expect(made).toMatchObject({ exit: 0, stderr: '' });
    const files = JSON.parse(made.stdout);
    expect(files).toMatchObject({ name: 'prod', context: 'prod', directory: kctl.path('clusters/prod') });
    const { contexts } = await readConfig(kctl.path('config'));
    expect(contexts.at(-1)).toEqual({
      name: 'prod',
      controller: 'wss://10.0.0.1:7443',
      ca: await readFile(files.ca, 'utf8'),
      cert: await readFile(files.adminCert, 'utf8'),
      key: await readFile(files.adminKey, 'utf8'),
    });
    const again = await kctl.run('create cluster prod --context other');
    expect(again.exit).toBe(7);
    expect(again.stderr).toContain('a CA is never overwritten');
    expect((await kctl.run('create cluster another --context prod')).exit).toBe(7);

    const node = await kctl.run('create node-certificate node-1 --cluster prod');
    expect(node.exit).toBe(0);
    expect(node.stdout).toContain(`key:      ${kctl.path('clusters/prod/nodes/node-1.key')}\n`);
    expect((await kctl.run('create node-certificate node-1 --cluster prod')).exit).toBe(7);
    expect((await kctl.run('create node-certificate node-1 --cluster nope')).exit).toBe(4);
  });

  it('makes nothing when the address of the controller is not one', async () => {
    await using kctl = await Workspace.open();
    expect((await kctl.run('create cluster prod --controller 10.0.0.1')).exit).toBe(5);
    expect((await kctl.run('create cluster a.b')).exit).toBe(5);
    expect(await readdir(kctl.directory)).toEqual(['config']);
  });
});
