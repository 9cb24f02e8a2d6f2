import type { BaseContext } from 'clipanion';
import type { Connect } from '../connection/connection.ts';
import type { RetryClock } from '../connection/retry.ts';

/** What the lab's package offers to kctl. */
export type LabModule = Pick<typeof import('@kcore/lab'), 'labUp' | 'labStatus' | 'labDown' | 'labNode'>;

/** Everything of the world that a command touches, handed in, so that commands run in a test as they do at a terminal. */
export interface KctlContext extends BaseContext {
  readonly connect: Connect;
  readonly clock: RetryClock;
  readonly now: () => Date;
  /** 16 to 64 letters, digits, `-` and `_`; never the same twice. */
  readonly requestId: () => string;
  readonly home: string;
  readonly loadLab: () => Promise<LabModule>;
  /** Resolves when the person at the terminal wants to end what stays up (SIGINT, SIGTERM). */
  readonly interrupted: () => Promise<void>;
}
