import { fifo } from './fifo.ts';
import { fqCodel } from './fq-codel.ts';
import { htb, htbClass } from './htb.ts';
import { matchall } from './matchall.ts';
import { tbf } from './tbf.ts';
import { u32 } from './u32.ts';

/** Options by kind; those of other kinds are kept as bytes. A new kind is one file and one line. */
export const qdiscKinds = { tbf, htb, fq_codel: fqCodel, pfifo: fifo, bfifo: fifo } as const;
export const classKinds = { htb: htbClass } as const;
export const filterKinds = { matchall, u32 } as const;
