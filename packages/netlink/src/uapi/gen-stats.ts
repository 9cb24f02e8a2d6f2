/* Source: include/uapi/linux/gen_stats.h */

/** Nested in TCA_STATS2. */
export const TCA_STATS_BASIC = 1;
export const TCA_STATS_RATE_EST = 2;
export const TCA_STATS_QUEUE = 3;
export const TCA_STATS_APP = 4;
export const TCA_STATS_RATE_EST64 = 5;
export const TCA_STATS_BASIC_HW = 7;
export const TCA_STATS_PKT64 = 8;
