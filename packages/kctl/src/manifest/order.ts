import { invalidArgument } from '@kcore/contract';
import { formatPlace, type Manifest } from './schema.ts';

const RANK = { Network: 0, VM: 1 } as const satisfies Record<Manifest['kind'], number>;

/** Networks before the VMs that are attached to them; otherwise as they were written. */
export function inOrder(manifests: readonly Manifest[]): Manifest[] {
  return [...manifests].sort((a, b) => RANK[a.kind] - RANK[b.kind]);
}

/** @throws {KcoreError} InvalidArgument when one object is described twice: which of them is meant cannot be known. */
export function refuseDuplicates(manifests: readonly Manifest[]): void {
  const seen = new Map<string, Manifest>();
  for (const manifest of manifests) {
    const key = `${manifest.kind}/${manifest.name}`;
    const before = seen.get(key);
    if (before !== undefined) {
      const places = `${formatPlace(before.place)} and ${formatPlace(manifest.place)}`;
      throw invalidArgument(`${manifest.kind} '${manifest.name}' is described twice, at ${places}`);
    }
    seen.set(key, manifest);
  }
}
