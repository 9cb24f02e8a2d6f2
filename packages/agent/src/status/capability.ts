/** Bit of the capability sets. Source: include/uapi/linux/capability.h. */
const CAP_NET_ADMIN = 12n;

/** Whether a process may change the network, by the text of its /proc/<pid>/status. */
export function hasNetAdmin(processStatus: string): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(processStatus)?.[1] ?? '0';
  return ((BigInt(`0x${effective}`) >> CAP_NET_ADMIN) & 1n) === 1n;
}
