import { createNetns, deleteNetns, listNetns } from '@kcore/netlink';
import { isOfLab, namespacePath } from './names.ts';
import { endProcesses, processesIn } from './process.ts';

/** Makes a named network namespace, unless it is there. */
export async function createNamespace(name: string): Promise<void> {
  if ((await listNetns()).includes(name)) return;
  await createNetns(name);
}

/** Ends what runs in it and deletes it. Deleting the absent succeeds. */
export async function deleteNamespace(name: string, graceMs = 500): Promise<void> {
  await endProcesses(processesIn([namespacePath(name)]), graceMs);
  await deleteNetns(name);
}

/** Names of all namespaces of a lab that are there now, its guests' too. */
export async function namespacesOf(lab: string): Promise<readonly string[]> {
  return (await listNetns()).filter((name) => isOfLab(lab, name));
}
