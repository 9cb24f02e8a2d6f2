import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { openConnection } from '../../src/connection/open.ts';
import { ClosedError } from '../../src/error.ts';
import { openMonitor } from '../../src/monitor/monitor.ts';
import { links } from '../../src/rtnl/link/requests.ts';
import { NETLINK_ROUTE } from '../../src/uapi/netlink.ts';
import { scale } from './namespaces.ts';

const run = promisify(execFile);

/** Descriptors and threads of this process. */
async function held(): Promise<readonly number[]> {
  return [(await readdir('/proc/self/fd')).length, (await readdir('/proc/self/task')).length];
}

it('leaks neither descriptors nor threads over many openings and closings', async () => {
  const cycle = async (): Promise<void> => {
    const connection = await openConnection({ protocol: NETLINK_ROUTE });
    const monitor = await openMonitor({ protocol: NETLINK_ROUTE, groups: [1] });
    const waiting = monitor[Symbol.asyncIterator]().next();
    await connection.request(links.get({ name: 'lo' }));
    await Promise.all([connection[Symbol.asyncDispose](), monitor[Symbol.asyncDispose](), waiting]);
  };
  for (let n = 0; n < 20; n += 1) await cycle();
  const before = await held();
  for (let n = 0; n < 1000 * scale(); n += 1) await cycle();
  expect(await held()).toEqual(before);
});

it('refuses what waits when it is closed, and finishes what runs', async () => {
  const connection = await openConnection({ protocol: NETLINK_ROUTE });
  const running = connection.dump(links.list());
  const waiting = connection.request(links.get({ name: 'lo' })).catch((error: unknown) => error);
  await Promise.resolve();
  await Promise.resolve();
  await connection[Symbol.asyncDispose]();
  expect((await running).items.length).toBeGreaterThan(0);
  expect(await waiting).toBeInstanceOf(ClosedError);
  await expect(connection.request(links.get({ name: 'lo' }))).rejects.toBeInstanceOf(ClosedError);
});

/** Runs a program of its own on the addon, and resolves with what it printed; it fails when that does not exit. */
async function program(source: string): Promise<string> {
  const addon = new URL(`../../prebuilds/linux-${process.arch}/kcore-netlink.glibc.node`, import.meta.url).pathname;
  const open = "const open=(...g)=>a.task('openNetlink','','',new Int32Array([0,0,0]),new Int32Array(g));";
  const text = `const a=require(${JSON.stringify(addon)});${open}(async()=>{${source}})()`;
  const { stdout } = await run(process.execPath, ['-e', text], { timeout: 20_000 });
  return stdout.trim();
}

it('lets the process end while a request socket is idle and open', async () => {
  expect(await program("const [fd]=await open();globalThis.p=a.start(fd);console.log('idle')")).toBe('idle');
});

it('survives process.exit with a thread that waits', async () => {
  const source =
    "const [fd]=await open(1);const p=a.start(fd);a.receive(p);setTimeout(()=>{console.log('bye');process.exit(0)},50)";
  expect(await program(source)).toBe('bye');
});

it('survives the end of a worker that left sockets open', async () => {
  const source = `
    const {Worker}=require('node:worker_threads');
    const code="const a=require(process.argv[2]);(async()=>{for(let i=0;i<5;i++){const [fd]=await a.task('openNetlink','','',new Int32Array([0,0,0]),new Int32Array([1]));const p=a.start(fd);a.receive(p);}a.task('openNetlink','','',new Int32Array([0,0,0]),new Int32Array(0));process.exit(0)})()";
    for(let i=0;i<10;i++){
      const w=new Worker(code,{eval:true,argv:[process.argv0&&a.__path||'']});
      await new Promise(r=>w.once('exit',r));
    }
    console.log(require('node:fs').readdirSync('/proc/self/fd').length<40?'clean':'leaked')`;
  const path = new URL(`../../prebuilds/linux-${process.arch}/kcore-netlink.glibc.node`, import.meta.url).pathname;
  expect(await program(source.replace("process.argv0&&a.__path||''", JSON.stringify(path)))).toBe('clean');
});

it('frees a port that nobody closed when it is collected', async () => {
  const source = `
    const fs=require('node:fs');
    const before=fs.readdirSync('/proc/self/task').length;
    for(let i=0;i<50;i++){const [fd]=await open();a.start(fd);}
    while(fs.readdirSync('/proc/self/task').length!==before){await new Promise(r=>setTimeout(r,10));globalThis.gc?.();}
    console.log('freed')`;
  const text = `require('node:v8').setFlagsFromString('--expose-gc');globalThis.gc=require('node:vm').runInNewContext('gc');${source}`;
  expect(await program(text)).toBe('freed');
});

it('waits for whoever prepares the directory of named namespaces, so that nobody mounts it a second time', async () => {
  const addon = new URL(`../../prebuilds/linux-${process.arch}/kcore-netlink.glibc.node`, import.meta.url).pathname;
  const source = `
    const a=require(${JSON.stringify(addon)}),none=new Int32Array(0),fs=require('node:fs');
    const {once}=require('node:events');
    const mounts=()=>fs.readFileSync('/proc/self/mountinfo','utf8').split('\\n').filter((l)=>l.split(' ')[3]==='/netns').length;
    (async()=>{
      const holder=require('node:child_process').spawn('flock',['/run/netns','sh','-c','echo held; cat']);
      await once(holder.stdout,'data');
      let done=false;
      const sharing=a.task('shareMount','','/run/netns',none,none).then(()=>{done=true});
      const inode=fs.statSync('/run/netns').ino;
      const waits=()=>fs.readFileSync('/proc/locks','utf8').split('\\n').some((l)=>l.includes('->')&&l.includes(':'+inode+' '));
      while(!done&&!waits())await new Promise((r)=>setTimeout(r,5));
      const early=done;
      holder.stdin.end();
      await sharing;
      console.log(early?'did not wait':'waited',mounts());
    })()`;
  // In a mount namespace of its own, where nothing is mounted there yet.
  const script = 'mount -t tmpfs none /run && mkdir /run/netns && exec "$0" -e "$1"';
  const { stdout } = await run('unshare', ['--mount', 'sh', '-c', script, process.execPath, source]);
  expect(stdout.trim()).toBe('waited 1');
});
