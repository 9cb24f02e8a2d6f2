import path from 'node:path';

/** The addon itself, for tests that run without the sources. */
export const addonPath = path.join(
  import.meta.dirname,
  '../../prebuilds',
  `linux-${process.arch}`,
  'kcore-netlink.glibc.node',
);
