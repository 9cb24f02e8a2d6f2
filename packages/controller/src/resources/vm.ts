import {
  alreadyExists,
  DEFAULT_NETWORK,
  failedPrecondition,
  type KeptDisks,
  type Vm,
  type VmSpec,
} from '@kcore/contract';
import { present } from '../present.ts';
import { keys } from '../store/rows.ts';
import type { Transaction } from '../store/store.ts';
import { type Context, createdAt } from './context.ts';
import { sourceOf } from './disk-source.ts';
import { keepDisksOf, takeKeptDisks } from './kept-disks.ts';
import { allNodes, isOn, networkNamed, nodeNamed, vmNamed } from './lookup.ts';
import { bindNic, freeNic, notOnNode } from './nic-bind.ts';
import { type Offer, place, placePinned } from './place.ts';
import { shareOf, UNUSED, usedByNode } from './share.ts';
import { authorizedKeysOf } from './ssh-keys.ts';
import { decideNics, decideVm } from './vm-decide.ts';

/** the VM and all that is allocated for it, in one transaction. @throws {KcoreError} */
export function createVm(tx: Transaction, context: Context, name: string, spec: VmSpec): Vm {
  const decided = decideVm(name, spec);
  const nics = decideNics(spec);
  if (tx.get(keys.vm(name)) !== undefined) throw alreadyExists(`VM '${name}' already exists`);
  const networks = nics.map(({ network }) => networkNamed(tx, network ?? DEFAULT_NETWORK));
  const { needs, ...found } = findDisks(tx, context, decided, spec.node);
  const authorizedKeys = authorizedKeysOf(tx, decided.sshKeys);
  const sized = { ...decided, ...found };
  const needed = [...networks.map((network) => onNetwork(network.name, (node) => isOn(network, node))), ...needs];
  const node = placeVm(tx, context, sized, needed, spec.node);
  const vm: Vm = {
    ...sized,
    uid: context.newUid(),
    node,
    nics: nics.map((nic, index) => bindNic(tx, context, { vm: name, nic: index, node }, nic)),
    authorizedKeys,
    createdAt: createdAt(context),
  };
  tx.put(keys.vm(name), vm);
  return vm;
}

/** Something that a VM needs and not every node has. */
interface Need {
  isAt(node: string): boolean;
  /** `network 'private' is not configured on it`. */
  readonly lacking: string;
  /** For a VM that is pinned to a node without it. */
  refusal(node: string): Error;
}

function onNetwork(network: string, isAt: (node: string) => boolean): Need {
  return {
    isAt,
    lacking: `network '${network}' is not configured on it`,
    refusal: (node) => notOnNode(network, node),
  };
}

function onlyAt(what: string, nodes: ReadonlySet<string>): Need {
  return {
    isAt: (node) => nodes.has(node),
    lacking: `${what} is not on it`,
    refusal: (node) => failedPrecondition(`${what} is on ${[...nodes].join(', ')}, and not on node '${node}'`),
  };
}

/** Where the disks come from, and which nodes have that. */
function findDisks(
  tx: Transaction,
  context: Context,
  vm: Pick<Vm, 'disks' | 'storageSizeBytes'>,
  pinned: string | undefined,
): Pick<Vm, 'disks' | 'storageSizeBytes'> & { readonly needs: readonly Need[] } {
  const taken = takeKeptDisks(tx, vm);
  const needs: Need[] = taken.node === undefined ? [] : [onlyAt('the kept disk', new Set([taken.node]))];
  const uploads = allNodes(tx).flatMap(({ name: node }) =>
    context.presence.images(node).map((image) => ({ node, image })),
  );
  const places = { catalogue: context.catalogue.catalogue, uploads, ...present({ node: pinned ?? taken.node }) };
  const disks = taken.disks.map((disk, index) => {
    const found = sourceOf(disk, `spec.disks.${index}`, places);
    if (found?.nodes !== undefined) needs.push(onlyAt(`image '${disk.image}'`, found.nodes));
    return found === undefined ? disk : { ...disk, source: found.source };
  });
  return { disks, needs, ...present({ storageSizeBytes: taken.storageSizeBytes ?? vm.storageSizeBytes }) };
}

/** @throws {KcoreError} NotFound; FailedPrecondition; Unavailable; ResourceExhausted */
function placeVm(
  tx: Transaction,
  context: Context,
  vm: Parameters<typeof shareOf>[0] & { readonly name: string },
  needs: readonly Need[],
  pinned: string | undefined,
): string {
  const used = usedByNode(tx);
  const nodes = pinned === undefined ? allNodes(tx) : [nodeNamed(tx, pinned)];
  const offers = nodes.map(
    ({ name, facts }): Offer => ({
      name,
      ready: context.presence.isReady(name),
      ...present({ room: facts.room }),
      used: used.get(name) ?? UNUSED,
      lacks: [...new Set(needs.filter((need) => !need.isAt(name)).map(({ lacking }) => lacking))],
    }),
  );
  const [only] = offers;
  if (pinned === undefined || only === undefined) return place(vm.name, shareOf(vm), offers, context.overcommit);
  const absent = needs.find((need) => !need.isAt(pinned));
  if (absent !== undefined) throw absent.refusal(pinned);
  return placePinned(vm.name, shareOf(vm), only, context.overcommit);
}

export interface DeletedVm {
  readonly name: string;
  readonly node: string;
  readonly kept?: KeptDisks;
}

/** Frees everything the VM had, with it; but for its disks, when they are to be kept. @throws {KcoreError} NotFound */
export function deleteVm(tx: Transaction, context: Context, name: string, keepDisks: boolean): DeletedVm {
  const vm = vmNamed(tx, name);
  const freedAt = context.time.stamp(tx);
  for (const nic of vm.nics) freeNic(tx, nic, vm, [], freedAt);
  tx.delete(keys.vm(name));
  const kept = keepDisks ? keepDisksOf(tx, context, vm) : undefined;
  return { name, node: vm.node, ...present({ kept }) };
}
