/* Source: include/uapi/linux/pkt_sched.h */

/** Handles: a major number, `major:`, and a minor number behind it. */
export const TC_H_ROOT = 0xffffffff;
export const TC_H_CLSACT = 0xfffffff1;
export const TC_H_MIN_INGRESS = 0xfff2;
export const TC_H_MIN_EGRESS = 0xfff3;

/** How long a frame is on the line. */
export const TC_LINKLAYER_UNAWARE = 0;
export const TC_LINKLAYER_ETHERNET = 1;
export const TC_LINKLAYER_ATM = 2;

/** Nested in TCA_OPTIONS of tbf. */
export const TCA_TBF_PARMS = 1;
export const TCA_TBF_RATE64 = 4;
export const TCA_TBF_PRATE64 = 5;
export const TCA_TBF_BURST = 6;
export const TCA_TBF_PBURST = 7;

/** Nested in TCA_OPTIONS of htb. */
export const TCA_HTB_PARMS = 1;
export const TCA_HTB_INIT = 2;
export const TCA_HTB_DIRECT_QLEN = 5;
export const TCA_HTB_RATE64 = 6;
export const TCA_HTB_CEIL64 = 7;
export const TCA_HTB_OFFLOAD = 9;

/** Nested in TCA_OPTIONS of fq_codel. */
export const TCA_FQ_CODEL_TARGET = 1;
export const TCA_FQ_CODEL_LIMIT = 2;
export const TCA_FQ_CODEL_INTERVAL = 3;
export const TCA_FQ_CODEL_ECN = 4;
export const TCA_FQ_CODEL_FLOWS = 5;
export const TCA_FQ_CODEL_QUANTUM = 6;
export const TCA_FQ_CODEL_CE_THRESHOLD = 7;
export const TCA_FQ_CODEL_DROP_BATCH_SIZE = 8;
export const TCA_FQ_CODEL_MEMORY_LIMIT = 9;
export const TCA_FQ_CODEL_CE_THRESHOLD_SELECTOR = 10;
export const TCA_FQ_CODEL_CE_THRESHOLD_MASK = 11;
