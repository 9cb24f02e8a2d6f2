/* Source: include/uapi/linux/netfilter/nf_synproxy.h */

/** Flags of `synproxy`. */
export const NF_SYNPROXY_OPT_MSS = 0x01;
export const NF_SYNPROXY_OPT_WSCALE = 0x02;
export const NF_SYNPROXY_OPT_SACK_PERM = 0x04;
export const NF_SYNPROXY_OPT_TIMESTAMP = 0x08;
