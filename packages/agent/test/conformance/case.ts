import type { Stage } from './stage.ts';

/** One thing a DHCP server for virtual machines has to do, tried on a server through the wire only. */
export interface Case {
  /** Stable and in plain words; names the case in tests and reports. */
  readonly id: string;
  readonly title: string;
  /** The standard's section, or the requirement of kcore that asks for it. */
  readonly source: string;
  readonly expected: string;
  /** @throws {Finding} The server does not do it. */
  readonly run: (stage: Stage) => Promise<void>;
}

/** 1 in everyday runs, 10 at full scale. */
export const scale = Number(process.env['KCORE_TEST_SCALE'] ?? 1);

/** MAC addresses of guests. */
export const A = '52:54:00:00:00:0a';
export const B = '52:54:00:00:00:0b';
export const C = '52:54:00:00:00:0c';
export const D = '52:54:00:00:00:0d';
