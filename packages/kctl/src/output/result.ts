import type { Network, Nic, Result, SshKey, VmView } from '@kcore/contract';
import { fieldLines, printable } from '../text/table.ts';
import { subnetText } from './describe.ts';
import type { Printable } from './format.ts';
import { type KcoreObject, listObject, newNetworkObject, sshKeyObject, vmObject } from './objects.ts';
import { byName } from './order.ts';
import { fingerprintOf } from './ssh-key-table.ts';

/** The quoted name of an object, as all texts for people have it. */
function quoted(kind: (typeof words)[keyof typeof words], name: string): string {
  return `${kind} '${printable(name)}'`;
}

function single(lines: readonly string[], object: KcoreObject, kind: string): Printable {
  return { lines: () => lines, data: () => object, names: () => [`${kind}/${object.metadata.name}`] };
}

/** Particulars of a network below the line that says what was done with it. */
function networkFields(network: Network, nodes: readonly string[], picked: boolean): string[] {
  const chosen = picked ? ' (picked by the controller; --target-node chooses)' : '';
  const later = network.everyNode ? ' (and those that join later)' : '';
  const optional: readonly (readonly [string, string | undefined])[] = [
    ['type', network.type],
    ['vni', network.vni?.toString()],
    ['bridge', network.bridge],
    ['subnet', subnetText(network.gatewayIp, network.internalNetmask)],
    ['mtu', network.mtu?.toString()],
    ['nodes', `${[...nodes].sort(byName).join(', ') || 'none yet'}${chosen}${later}`],
  ];
  return indented(fieldLines(optional.flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const]))));
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}

/** what was created, with VNI, bridge and nodes. */
export function createdNetwork({ network, nodes, picked }: Result<'network.create'>): Printable {
  const lines = [`created ${quoted('network', network.name)}`, ...networkFields(network, nodes, picked)];
  return single(lines, newNetworkObject(network, nodes), 'network');
}

/** The addresses are there at once: the controller bound them. */
export function createdVm(view: VmView): Printable {
  const { vm } = view;
  const fields = fieldLines([
    ['node', vm.node],
    ...vm.nics.map((nic) => [`nic ${nic.index}`, nicText(nic)] as const),
    ...vm.disks.flatMap(({ source }, index) =>
      source?.kind === 'unknown' ? [[`disk ${index}`, `has nothing to boot from: ${source.reason}`] as const] : [],
    ),
  ]);
  return single([`created ${quoted('vm', vm.name)}`, ...indented(fields)], vmObject(view), 'vm');
}

function nicText({ network, address, mac }: Nic): string {
  return `${network} ${address ?? '(address from upstream)'} ${mac}`;
}

/** One NIC that came or went. */
export function changedNic(done: 'attached' | 'detached', vm: string, nic: Nic): Printable {
  const name = `${vm}/${nic.index}`;
  const line = `${done} nic ${nic.index} ${done === 'attached' ? 'to' : 'from'} ${quoted('vm', vm)}`;
  const object = { kind: 'Nic', metadata: { name }, status: { vm, ...nic } };
  return single([line, `  ${printable(nicText(nic))}`], object, 'nic');
}

export function createdSshKey(key: SshKey): Printable {
  const fields = fieldLines([['fingerprint', fingerprintOf(key.publicKey)]]);
  return single([`created ${quoted('ssh-key', key.name)}`, ...indented(fields)], sshKeyObject(key), 'ssh-key');
}

/** What became of one manifest, or of one name that was deleted. */
export interface Outcome {
  readonly kind: keyof typeof words;
  readonly name: string;
  readonly outcome: 'created' | 'configured' | 'unchanged' | 'deleted';
  readonly dryRun?: boolean;
  /** For people, one line each. */
  readonly changes?: readonly string[];
  /** Where a network was taken away, and where it still is. */
  readonly nodes?: readonly string[];
  readonly remaining?: readonly string[];
  /** Under which name the disks of a VM stay. */
  readonly kept?: string;
  readonly object?: KcoreObject;
}

const words = { Network: 'network', VM: 'vm', Node: 'node', SshKey: 'ssh-key', Disk: 'disk', Image: 'image' } as const;

function outcomeLines({ kind, name, outcome, dryRun, changes, remaining, nodes }: Outcome): string[] {
  const where =
    remaining !== undefined && remaining.length > 0
      ? ` from ${(nodes ?? []).join(', ')} (still on ${remaining.join(', ')})`
      : '';
  const suffix = dryRun === true ? ' (dry run)' : '';
  return [
    `${outcome} ${quoted(words[kind], name)}${where}${suffix}`,
    ...indented((outcome === 'unchanged' ? [] : (changes ?? [])).map(printable)),
  ];
}

/** Outcomes as `apply` and `delete` print them; those of objects that are there also as `kind/name`. */
export function outcomes(items: readonly Outcome[]): Printable {
  return {
    lines: () => items.flatMap(outcomeLines),
    data: () => ({ kind: listObject([]).kind, items }),
    names: () => items.map(({ kind, name }) => `${words[kind]}/${name}`),
  };
}
