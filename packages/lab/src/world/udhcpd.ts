import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UPSTREAM } from '../names.ts';

/** The upstream DHCP server of the second segment, which VMs of a bridge network use: busybox' udhcpd, unmodified. */
export function udhcpdConfig(options: { readonly device: string; readonly directory: string }): string {
  return `${[
    `start ${UPSTREAM.dhcpStart}`,
    `end ${UPSTREAM.dhcpEnd}`,
    `interface ${options.device}`,
    `lease_file ${join(options.directory, 'udhcpd.leases')}`,
    `pidfile ${join(options.directory, 'udhcpd.pid')}`,
    'auto_time 0',
    'option subnet 255.255.255.0',
    `option router ${UPSTREAM.world}`,
    `option dns ${UPSTREAM.world}`,
    'option lease 3600',
  ].join('\n')}\n`;
}

/** Writes what udhcpd reads; resolves with the command that runs it in the foreground. */
export async function prepareUdhcpd(program: string, directory: string, device: string): Promise<readonly string[]> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, 'udhcpd.conf');
  await writeFile(path, udhcpdConfig({ device, directory }), { mode: 0o600 });
  // udhcpd refuses to start without its lease file.
  await writeFile(join(directory, 'udhcpd.leases'), '', { flag: 'a', mode: 0o600 });
  return [program, '-f', path];
}
