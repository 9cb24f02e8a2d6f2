import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** What the client was told. Absent fields were not in the answer. */
export interface DhcpLease {
  readonly address: string;
  readonly prefix: number;
  readonly routers: readonly string[];
  readonly nameservers: readonly string[];
  readonly mtu?: number;
}

/**
 * udhcpc runs this at every change of its lease. It only passes on what it was told: the guest process does the
 * configuring, as with static addresses, and the host's /etc/resolv.conf is left alone. udhcpc's own words go to its
 * standard error, so that its standard output is free for this.
 */
const SCRIPT = `#!/bin/sh
printf '%s|%s|%s|%s|%s|%s\\n' "$1" "$ip" "$mask" "$router" "$dns" "$mtu"
`;

export interface DhcpClientOptions {
  readonly program: string;
  readonly directory: string;
  readonly device: string;
  readonly hostname: string;
  /** undefined: there is no lease (any more). */
  readonly onLease: (lease: DhcpLease | undefined) => void;
  /** It ended without being told to, for example because its device is gone. */
  readonly onEnd: () => void;
}

export interface DhcpClient {
  stop(): void;
}

/** Runs an unmodified udhcpc in the foreground on one device. */
export function startDhcpClient(options: DhcpClientOptions): DhcpClient {
  const script = join(options.directory, 'udhcpc.script');
  writeFileSync(script, SCRIPT, { mode: 0o700 });
  const child = spawn(
    options.program,
    ['-f', '-i', options.device, '-s', script, '-x', `hostname:${options.hostname}`, ...REQUESTED, ...PACE],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let stopped = false;
  const ended = (): void => {
    if (stopped) return;
    stopped = true;
    options.onEnd();
  };
  child.once('exit', ended);
  child.once('error', ended);
  createInterface({ input: child.stdout }).on('line', (line) => {
    const report = parseReport(line);
    if (!stopped && report !== undefined) options.onLease(report.lease);
  });
  return {
    stop: () => {
      stopped = true;
      end(child);
    },
  };
}

const REQUESTED = ['-O', 'mtu'];
/** Three tries a second apart, then again after two seconds: a server that starts late is found soon. */
const PACE = ['-t', '3', '-T', '1', '-A', '2'];

function end(child: ChildProcess): void {
  child.removeAllListeners('exit');
  child.kill('SIGTERM');
}

/** undefined for events that change nothing, such as `leasefail`. */
export function parseReport(line: string): { readonly lease: DhcpLease | undefined } | undefined {
  const [event, address = '', mask = '', routers = '', nameservers = '', mtu = ''] = line.split('|');
  if (event === 'deconfig' || event === 'nak') return { lease: undefined };
  if (event !== 'bound' && event !== 'renew') return undefined;
  return {
    lease: {
      address,
      // udhcpc gives the mask as a prefix length; RFC 2131 lets a server leave it out.
      prefix: mask === '' ? 32 : Number(mask),
      routers: words(routers),
      nameservers: words(nameservers),
      ...(mtu === '' ? {} : { mtu: Number(mtu) }),
    },
  };
}

function words(text: string): readonly string[] {
  return text.split(' ').filter((word) => word !== '');
}
