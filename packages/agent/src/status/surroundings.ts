import { readFileSync } from 'node:fs';
import { availableParallelism, hostname, release, totalmem } from 'node:os';
import { type Listening, parseListening, steadyListening } from './listening.ts';
import { parseResolvers } from './resolvers.ts';

/** What the agent reads of its host beside the kernel's network objects. Reading it writes nothing and executes nothing. */
export interface Surroundings {
  readonly hostname: string;
  readonly kernel: string;
  readonly capacity: { readonly cpus: number; readonly memoryBytes: number };
  /** Another boot, another identity: what guests were plugged into before is gone. */
  readonly bootId: string;
  listening(before: Listening | undefined): Listening;
  resolvers(): readonly string[];
}

/** Ports of the kernel's own choice when /proc does not tell. Source: ip(7), ip_local_port_range. */
const EPHEMERAL = { first: 32_768, last: 60_999 };

/** This host, by its /proc; `resolvConf` is where its name servers are listed. */
export function hostSurroundings(resolvConf: string): Surroundings {
  return {
    hostname: hostname(),
    kernel: release(),
    capacity: { cpus: availableParallelism(), memoryBytes: totalmem() },
    bootId: read('/proc/sys/kernel/random/boot_id').trim(),
    listening(before) {
      const table = (name: string): string => read(`/proc/net/${name}`);
      const current = parseListening({
        tcp: table('tcp'),
        tcp6: table('tcp6'),
        udp: table('udp'),
        udp6: table('udp6'),
      });
      return steadyListening(current, before, ephemeralRange());
    },
    resolvers: () => parseResolvers(read(resolvConf)),
  };
}

function ephemeralRange(): { readonly first: number; readonly last: number } {
  const [first, last] = read('/proc/sys/net/ipv4/ip_local_port_range').trim().split(/\s+/).map(Number);
  return first === undefined || last === undefined ? EPHEMERAL : { first, last };
}

/** A file that is not there says nothing. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
