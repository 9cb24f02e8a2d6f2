import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { startBackground } from './command.ts';
import { placed } from './namespace.ts';

/** When what happened of a VM's first boot, milliseconds of the Unix epoch. */
export interface BootTimes {
  /** QEMU was executed, to within 10 ms. */
  readonly qemu: number;
  /** The boot loader said something. */
  readonly firmware: number;
  /** systemd said something. */
  readonly systemd: number;
  /** The first ping was answered. */
  readonly ping: number;
  /** cloud-init said that it had finished. */
  readonly finished: number;
}

/** Watches a VM from outside as it boots: its process, its console, and a ping from its node. */
export async function bootTimes(options: {
  readonly uid: string;
  readonly netns: string;
  readonly address: string;
}): Promise<BootTimes> {
  const ping = firstAnswer(options.netns, options.address);
  const pid = await until(() => qemuOf(options.uid));
  const said = async (what: RegExp): Promise<number | undefined> =>
    what.test(await readFile(`/proc/${pid}/cwd/console.log`, 'latin1').catch(() => '')) ? Date.now() : undefined;
  return {
    qemu: await startOf(pid),
    firmware: await until(() => said(/SYSLINUX/)),
    systemd: await until(() => said(/systemd|\[ {2}OK/)),
    ping: await ping,
    finished: await until(() => said(/Cloud-init v\. \S+ finished at/)),
  };
}

/** Tries until there is something. The test's own timeout is the bound. */
async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    await sleep(10);
  }
}

async function qemuOf(uid: string): Promise<number | undefined> {
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const words = (await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '')).split('\0');
    if (words.includes('-uuid') && words.includes(uid)) return Number(name);
  }
  return undefined;
}

/** Field 22 of proc_pid_stat(5) counts hundredths of a second since the host booted; the name before it may have spaces. */
async function startOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const field = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  const [uptime = '0'] = (await readFile('/proc/uptime', 'utf8')).split(' ');
  return Date.now() - 1_000 * Number(uptime) + 10 * Number(field);
}

/** `-D` puts the time before each line. */
async function firstAnswer(netns: string, address: string): Promise<number> {
  const ping = startBackground(placed(netns, ['ping', '-D', '-n', '-i', '0.1', address]));
  try {
    return await until(async () => {
      const seconds = /\[([\d.]+)\] \d+ bytes from/.exec(ping.said())?.[1];
      return seconds === undefined ? undefined : 1_000 * Number(seconds);
    });
  } finally {
    await ping.stop('SIGINT');
  }
}
