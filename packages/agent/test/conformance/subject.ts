import type { DhcpNetwork } from '../../src/model/dhcp-network.ts';

export type SubjectName = 'kcore' | 'dnsmasq' | 'Kea';

/** A DHCP server as a process of its own that the cases are tried on. Made for one case; ended with it. */
export interface Subject extends AsyncDisposable {
  readonly name: SubjectName;
  readonly version: string;
  /** Seconds; what it gives to a network that wants less. */
  readonly shortestLease: number;
  /** Where its leases are kept. */
  readonly storePath: string;
  /** What it printed since it was started last: its log, or its events. */
  readonly lines: readonly string[];
  readonly pid: number;
  readonly alive: boolean;
  /** Resolves when it serves; rejects with what it said when it does not start. */
  start(networks: readonly DhcpNetwork[]): Promise<void>;
  /** New data for a server that runs. Whatever it can do without being started again. */
  change(networks: readonly DhcpNetwork[]): Promise<void>;
  /** A machine is gone for good; its binding is not in the data any more. Servers that know no such thing do nothing. */
  forget(network: string, mac: string): Promise<void>;
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface Place {
  readonly namespace: string;
  /** Exists, and outlives the process. */
  readonly directory: string;
}

export type MakeSubject = (place: Place) => Subject;
