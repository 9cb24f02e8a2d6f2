import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { openConnection } from '../../src/connection/open.ts';
import { ClosedError } from '../../src/error.ts';
import { openMonitor } from '../../src/monitor/monitor.ts';
import { openPacketSocket } from '../../src/packet/packet.ts';
import { openTap } from '../../src/packet/tap.ts';
import { openUdpSocket } from '../../src/packet/udp.ts';
import { links } from '../../src/rtnl/link/requests.ts';
import { NETLINK_ROUTE } from '../../src/uapi/netlink.ts';
import { addonPath } from './addon-path.ts';
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

// Fewer than above: the kernel takes milliseconds to close a packet socket, which is also what watches a UDP socket's device.
it(
  'leaks none over many packet, udp and tap sockets, and none over openings that fail',
  async () => {
    const none = 'kct-none';
    const cycle = async (): Promise<void> => {
      const frames = await openPacketSocket({ device: 'lo', etherType: 0 });
      const udp = await openUdpSocket({ device: 'lo', port: 0, broadcast: false });
      const tap = await openTap({ name: 'kct-tap', netns: { private: true } });
      const waiting = [frames, udp].map((socket) => socket.receive()[Symbol.asyncIterator]().next());
      await Promise.all([frames, udp, tap].map((socket) => socket[Symbol.asyncDispose]()));
      expect(await Promise.all(waiting)).toEqual([
        { done: true, value: undefined },
        { done: true, value: undefined },
      ]);
      const failed = await Promise.allSettled([
        openConnection({ protocol: 999 }),
        openMonitor({ protocol: NETLINK_ROUTE, groups: [100_000] }),
        openPacketSocket({ device: none, etherType: 0 }),
        openUdpSocket({ device: none, port: 0, broadcast: false }),
        openTap({ name: 'lo', netns: { private: true } }),
        openConnection({ protocol: NETLINK_ROUTE, netns: '/run/netns/kct-none' }),
      ]);
      expect(failed.map(({ status }) => status)).toEqual(Array.from({ length: 6 }, () => 'rejected'));
    };
    for (let n = 0; n < 5; n += 1) await cycle();
    const before = await held();
    for (let n = 0; n < 100 * scale(); n += 1) await cycle();
    expect(await held()).toEqual(before);
  },
  60_000 * scale(),
);

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
  const open = "const open=(...g)=>a.task('openNetlink','','',new Int32Array([0,0,0]),new Int32Array(g));";
  const text = `const a=require(${JSON.stringify(addonPath)});${open}(async()=>{${source}})()`;
  const { stdout } = await run(process.execPath, ['-e', text], { timeout: 20_000 });
  return stdout.trim();
}

it('lets the process end while a request socket is idle and open', async () => {
  expect(await program("const [,,fd]=await open();globalThis.p=a.start(fd);console.log('idle')")).toBe('idle');
});

it('survives process.exit with a thread that waits', async () => {
  const source =
    "const [,,fd]=await open(1);const p=a.start(fd);a.receive(p);setTimeout(()=>{console.log('bye');process.exit(0)},50)";
  expect(await program(source)).toBe('bye');
});

it('closes what a worker left open when it ended, and what it was opening', async () => {
  const worker = `
    const a=require(process.argv[2]),delay=Number(process.argv[3]),none=new Int32Array(0);
    const open=(kind,name,numbers,groups=none,netns='')=>a.task(kind,netns,name,Int32Array.from(numbers),groups);
    (async()=>{
      for(let i=0;i<5;i++){
        const [,,fd]=await open('openNetlink','',[0,0,0],Int32Array.of(1));
        a.receive(a.start(fd));
      }
      const [,,packet]=await open('openPacket','lo',[3,0,0]);
      a.socketReceive(a.socketOpen(packet,0,()=>{}));
      const [,,udp]=await open('openUdp','lo',[0,0,0,0]);
      const socket=a.socketOpen(udp,1,()=>{});
      a.socketWatch(socket);
      a.socketReceive(socket);
      for(let i=0;i<5;i++){
        open('openNetlink','',[0,0,0]);
        open('openPacket','lo',[0,0,0]);
        open('openUdp','lo',[0,0,0,0]);
        open('openTap','tap'+i,[0x1002,0,0,0,0],none,'private');
      }
      setTimeout(()=>process.exit(0),delay);
    })()`;
  const source = `
    const {Worker}=require('node:worker_threads');
    const {readdirSync}=require('node:fs');
    const end=async(delay)=>{
      const worker=new Worker(${JSON.stringify(worker)},{eval:true,argv:[${JSON.stringify(addonPath)},String(delay)]});
      await new Promise((resolve)=>worker.once('exit',resolve));
    };
    const held=()=>[readdirSync('/proc/self/fd').length,readdirSync('/proc/self/task').length];
    await end(0);
    const before=held();
    for(let i=0;i<10;i++)await end(i%4);
    console.log(JSON.stringify([before,held()]))`;
  const [before, after] = JSON.parse(await program(source)) as [number[], number[]];
  expect(after).toEqual(before);
});

it('frees a port that nobody closed when it is collected', async () => {
  const source = `
    const fs=require('node:fs');
    const before=fs.readdirSync('/proc/self/task').length;
    for(let i=0;i<50;i++){const [,,fd]=await open();a.start(fd);}
    while(fs.readdirSync('/proc/self/task').length!==before){await new Promise(r=>setTimeout(r,10));globalThis.gc?.();}
    console.log('freed')`;
  const text = `require('node:v8').setFlagsFromString('--expose-gc');globalThis.gc=require('node:vm').runInNewContext('gc');${source}`;
  expect(await program(text)).toBe('freed');
});

it('waits for whoever prepares the directory of named namespaces, so that nobody mounts it a second time', async () => {
  const source = `
    const a=require(${JSON.stringify(addonPath)}),none=new Int32Array(0),fs=require('node:fs');
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
