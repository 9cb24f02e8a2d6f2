/* Source: include/uapi/linux/tc_act/tc_gact.h, tc_mirred.h */

/** Nested in TCA_ACT_OPTIONS of gact. */
export const TCA_GACT_TM = 1;
export const TCA_GACT_PARMS = 2;
export const TCA_GACT_PROB = 3;

/** Nested in TCA_ACT_OPTIONS of mirred. */
export const TCA_MIRRED_TM = 1;
export const TCA_MIRRED_PARMS = 2;
export const TCA_MIRRED_BLOCKID = 4;

/** Of `eaction` of tc_mirred. */
export const TCA_EGRESS_REDIR = 1;
export const TCA_EGRESS_MIRROR = 2;
export const TCA_INGRESS_REDIR = 3;
export const TCA_INGRESS_MIRROR = 4;
