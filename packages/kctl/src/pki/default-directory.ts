import { dirname, join } from 'node:path';

/** Name of a cluster that was given none. */
export const DEFAULT_CLUSTER = 'kcore';

/** Where a cluster's certificates are unless told: beside the configuration, where only its owner looks. */
export function defaultClusterDirectory(configFile: string, cluster: string): string {
  return join(dirname(configFile), 'clusters', cluster);
}
