import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { initramfs } from './initramfs.mjs';

const VIRTIOFSD = '/usr/lib/qemu/virtiofsd';

/** Why this machine cannot start the box, with the package to install; undefined when it can. */
export function missingForBox() {
  if (!existsSync('/usr/bin/qemu-system-x86_64')) return 'qemu-system-x86_64 (Debian package qemu-system-x86)';
  if (!existsSync(VIRTIOFSD)) return `${VIRTIOFSD} (Debian package qemu-system-common)`;
  if (!existsSync('/bin/busybox')) return '/bin/busybox (Debian package busybox-static)';
  if (newestCloudKernel() === undefined) return 'a cloud kernel in /boot (Debian package linux-image-cloud-amd64)';
  return undefined;
}

function newestCloudKernel() {
  const versions = readdirSync('/boot')
    .filter((name) => /^vmlinuz-.*-cloud-amd64$/.test(name))
    .map((name) => name.slice('vmlinuz-'.length))
    .filter((version) => existsSync(`/lib/modules/${version}/modules.dep`));
  return versions.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1);
}

/** One virtio serial port of the guest as a unix socket here; `onData` gets what the guest writes. */
async function serialPort(directory, name, onData) {
  const path = join(directory, `${name}.sock`);
  const server = createServer((socket) => socket.on('data', onData).on('error', () => {}));
  await new Promise((resolve, reject) => server.on('error', reject).listen(path, resolve));
  const arguments_ = [
    ...['-chardev', `socket,id=${name},path=${path}`],
    ...['-device', `virtserialport,chardev=${name},name=${name}`],
  ];
  return { arguments: arguments_, close: () => server.close() };
}

/** A directory of the host as a virtiofs share. */
async function share(directory, tag, source) {
  const socket = join(directory, `${tag}.vhost`);
  const daemon = spawn(
    VIRTIOFSD,
    [`--socket-path=${socket}`, '-o', `source=${source},cache=always,sandbox=chroot`, '-f'],
    {
      stdio: 'ignore',
    },
  );
  const gone = new Promise((resolve) => daemon.once('exit', resolve));
  for (let waited = 0; !existsSync(socket) && waited < 5000; waited += 20) await sleep(20);
  const arguments_ = [
    ...['-chardev', `socket,id=fs-${tag},path=${socket}`],
    ...['-device', `vhost-user-fs-pci,chardev=fs-${tag},tag=${tag},queue-size=1024`],
  ];
  const close = async () => {
    daemon.kill();
    await gone;
  };
  return { arguments: arguments_, close };
}

/**
 * Runs a command as root in a full Debian kernel, under QEMU's software emulation: this machine's own programs and
 * files, another kernel. Nothing it writes reaches the host but what it writes below `work`.
 *
 * @param {{command: readonly string[], work: string, memoryMib?: number, cpus?: number, timeoutMs?: number,
 *   environment?: Readonly<Record<string, string>>, stdout?: (data: Buffer) => void, stderr?: (data: Buffer) => void}} options
 * @returns {Promise<number>} The command's exit status; 124 when it took longer than `timeoutMs`; 125 when the guest told none.
 */
export async function runInKernel(options) {
  const { command, work, memoryMib = 2048, cpus = 1, timeoutMs = 600_000, environment = {} } = options;
  const missing = missingForBox();
  if (missing !== undefined) throw new Error(`cannot start a kernel: ${missing} is missing`);
  const kernelVersion = newestCloudKernel();
  const directory = mkdtempSync(join(tmpdir(), 'kcore-box-'));
  const parts = [];
  let status = '';
  try {
    writeFileSync(join(directory, 'initrd'), initramfs({ kernelVersion, work, command, environment }));
    parts.push(await serialPort(directory, 'stdout', options.stdout ?? ((data) => process.stdout.write(data))));
    parts.push(await serialPort(directory, 'stderr', options.stderr ?? ((data) => process.stderr.write(data))));
    parts.push(await serialPort(directory, 'status', (data) => (status += data)));
    parts.push(await share(directory, 'hostroot', '/'), await share(directory, 'work', work));
    const console_ = join(directory, 'console.log');
    const machine = [
      ...[
        '-M',
        'pc,accel=tcg,hpet=off',
        '-cpu',
        'max',
        '-smp',
        `${cpus}`,
        '-m',
        `${memoryMib}`,
        '-nodefaults',
        '-no-user-config',
      ],
      ...[
        '-display',
        'none',
        '-no-reboot',
        '-kernel',
        `/boot/vmlinuz-${kernelVersion}`,
        '-initrd',
        join(directory, 'initrd'),
      ],
      ...['-append', 'console=ttyS0 panic=-1 mitigations=off tsc=reliable quiet loglevel=3'],
      ...['-object', `memory-backend-memfd,id=mem,size=${memoryMib}M,share=on`, '-machine', 'memory-backend=mem'],
      ...['-chardev', `file,id=console,path=${console_}`, '-serial', 'chardev:console', '-device', 'virtio-serial-pci'],
      ...['-device', 'virtio-rng-pci', ...parts.flatMap((part) => part.arguments)],
    ];
    const timedOut = await runQemu(machine, timeoutMs);
    if (/^\d+\s*$/.test(status)) return Number(status);
    if (timedOut) return 124;
    const log = existsSync(console_) ? readFileSync(console_, 'utf8').split('\n').slice(-30).join('\n') : '';
    process.stderr.write(`run-in-kernel: the guest ended without a status; its console said:\n${log}\n`);
    return 125;
  } finally {
    for (const part of parts.reverse()) await part.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** @returns {Promise<boolean>} Whether it had to be ended. */
function runQemu(machine, timeoutMs) {
  return new Promise((resolve, reject) => {
    let timedOut = false;
    const qemu = spawn('qemu-system-x86_64', machine, { stdio: ['ignore', 'inherit', 'inherit'] });
    const timer = setTimeout(() => {
      timedOut = true;
      qemu.kill('SIGKILL');
    }, timeoutMs);
    const end = () => qemu.kill('SIGKILL');
    process.once('SIGINT', end).once('SIGTERM', end);
    qemu.once('error', reject);
    qemu.once('exit', () => {
      clearTimeout(timer);
      process.off('SIGINT', end).off('SIGTERM', end);
      resolve(timedOut);
    });
  });
}
