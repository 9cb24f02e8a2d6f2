import { KcoreError } from '@kcore/contract';
import { describe, expect, it } from 'vitest';
import { FakeController } from '../../test/support/fake-controller.ts';
import { Workspace } from '../../test/support/run.ts';
import { commands } from './commands.ts';
import { commandFirst } from './run.ts';

describe('usage (R-40)', () => {
  it.each([
    ['create network x --typ vxlan', "unknown flag '--typ' of 'kctl create network'; did you mean '--type'?"],
    [
      'create network x --gatway-ip=1.2.3.4',
      "unknown flag '--gatway-ip' of 'kctl create network'; did you mean '--gateway-ip'?",
    ],
    ['create network x --type', "flag '--type' needs a value"],
    ['create network', "'kctl create network' needs NAME"],
    ['create network x y', "unexpected argument 'y' of 'kctl create network'"],
    ['delete vm', "'kctl delete vm' needs NAME..."],
    ['creat network x', "unknown command 'kctl creat network x'; did you mean 'create network'?"],
    ['get netwroks', "unknown command 'kctl get netwroks'; did you mean 'get networks'?"],
    ['aply -f x', "unknown command 'kctl aply'; did you mean 'apply'?"],
    ['create', "'kctl create' needs to know what: network, vm, ssh-key, cluster, node-certificate"],
    ['lab node', "'kctl lab node' needs to know what: add, remove, stop, start"],
    ['--frobnicate', "unknown flag '--frobnicate' without a command"],
    ['help nonsense', "unknown command 'kctl nonsense'"],
  ])('kctl %s ends with 2', async (line, message) => {
    await using kctl = await Workspace.open();
    const ran = await kctl.run(line);
    expect({ exit: ran.exit, stdout: ran.stdout }).toEqual({ exit: 2, stdout: '' });
    expect(ran.stderr.split('\n')[0]).toBe(`Error: Usage: ${message}`);
    expect(ran.stderr).toMatch(/\nRemedy: see 'kctl .*--help'\n$/);
    expect(kctl.controller.connections).toBe(0);
  });

  it.each([
    ['create network x --vlan-id ten', "--vlan-id: 'ten' is not a whole number"],
    ['create network x --forward 8080', "--forward: '8080' is not PROTOCOL:PORT:VM[:TARGET-PORT]"],
    ['create network x --forward tcp:0:web', "--forward: '0' is not a port (1 to 65535)"],
    ['create network x --forward tcp:80:web:70000', "--forward: '70000' is not a port"],
    ['create network x --dhcp-lease forever', "--dhcp-lease: 'forever' is not a length of time"],
    ['create network x --dhcp-reservation 1=2', "--dhcp-reservation: '1=2' is not MAC=ADDRESS"],
    ['create network x --gateway-ip 10.0.0.256', '10.0.0.256'],
    ['get networks -o jason', "-o: 'jason' is not one of table, wide, json, yaml, name; did you mean 'json'?"],
    ['create network x -o wide', "-o: 'wide' is not one of text, json, yaml, name"],
    ['get networks --timeout 0', "--timeout: '0' is not a length of time"],
    ['get networks --timeout 2h', "--timeout: '2h' is longer than an hour"],
  ])('kctl %s ends with 5 and sends nothing', async (line, message) => {
    await using kctl = await Workspace.open();
    const ran = await kctl.run(line);
    expect({ exit: ran.exit, stdout: ran.stdout }).toEqual({ exit: 5, stdout: '' });
    expect(ran.stderr).toContain(message);
    expect(ran.stderr.startsWith('Error: InvalidArgument: ')).toBe(true);
    expect(kctl.controller.calls).toEqual([]);
  });

  it('takes flags of all commands before the command, too', () => {
    expect(commandFirst(['--context', 'a', '-o=json', 'get', 'vms'])).toEqual([
      'get',
      'vms',
      '-o=json',
      '--context',
      'a',
    ]);
    expect(commandFirst(['get', 'vms', '-o', 'json'])).toEqual(['get', 'vms', '-o', 'json']);
    expect(commandFirst(['--context'])).toEqual(['--context']);
  });
});

describe('help', () => {
  it.each([[[]], [['--help']], [['help']]])('kctl %j shows every command', async (argv) => {
    await using kctl = await Workspace.open();
    const ran = await kctl.run(argv);
    expect(ran.exit).toBe(0);
    for (const { paths = [] } of commands) expect(ran.stdout).toContain(`kctl ${paths[0]?.join(' ')}`);
  });

  it.each(commands.map(({ paths = [] }) => [paths[0] ?? []]))(
    'kctl %j --help has a description and an example',
    async (path) => {
      await using kctl = await Workspace.open();
      const { exit, stdout } = await kctl.run([...path, '--help']);
      expect(exit).toBe(0);
      expect(stdout).toContain(`Usage:\n  kctl ${path.join(' ')}`);
      expect(stdout).toMatch(/Examples:\n(.*\n)?\s+\$ kctl /);
      expect(stdout).not.toMatch(/#\d|undefined/);
      expect(stdout.split('\n').filter((line) => line.length > 100 && !line.includes('$ kctl'))).toEqual([]);
    },
  );

  it('shows values and descriptions of flags', async () => {
    await using kctl = await Workspace.open();
    const { stdout } = await kctl.run('create network --help');
    expect(stdout).toContain('  kctl create network NAME [flags]\n');
    expect(stdout).toMatch(/\n {6}--type TYPE +nat \(default\), bridge or vxlan\n/);
    expect(stdout).toMatch(/\n {2}-o, --output FORMAT +how to print/);
    expect((await kctl.run('delete vm -h')).stdout).toContain('  kctl delete vm NAME... [flags]\n');
    expect((await kctl.run('create --help')).stdout).toContain('kctl create node-certificate');
  });
});

describe('errors', () => {
  const failing = new FakeController({
    'network.list': () => {
      throw new KcoreError('Internal', 'line one\n\u001b[31mline two', {}, new Error('the cause'));
    },
  });

  it('shows no stack, and no control characters of others', async () => {
    await using kctl = await Workspace.open(failing);
    const ran = await kctl.run('get networks');
    expect(ran).toEqual({ exit: 1, stdout: '', stderr: 'Error: Internal: line one\n\ufffd[31mline two\n' });
  });

  it('shows causes with KCORE_DEBUG=1', async () => {
    await using kctl = await Workspace.open();
    const connect = () => Promise.reject(new KcoreError('Unavailable', 'no', {}, new Error('the cause')));
    const env = { KCORE_CONFIG: kctl.path('config'), KCORE_DEBUG: '1' };
    expect((await kctl.run('get networks', { connect, env })).stderr).toMatch(/Error: the cause\n {4}at /);
    expect((await kctl.run('get networks', { connect })).stderr).not.toContain('the cause');
  });

  it('calls a bug a bug and stays in one piece', async () => {
    await using kctl = await Workspace.open();
    const connect = () => Promise.reject(new TypeError('x is not a function'));
    expect(await kctl.run('get networks', { connect })).toEqual({
      exit: 1,
      stdout: '',
      stderr: 'Error: Internal: x is not a function\nRemedy: set KCORE_DEBUG=1 to see where it came from\n',
    });
  });

  it('says the version', async () => {
    await using kctl = await Workspace.open();
    expect((await kctl.run('--version')).stdout).toMatch(/^kctl \d+\.\d+\.\d+ \(protocol kcore\.v1, node /);
  });
});
