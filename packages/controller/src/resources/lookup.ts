import { type KcoreError, type Network, notFound, type Vm } from '@kcore/contract';
import { keys, type NodeRow } from '../store/rows.ts';
import type { Row, Transaction } from '../store/store.ts';

/** What is read, in a transaction or out of one. */
export type Reader = Pick<Transaction, 'get' | 'range'>;

export function valuesOf<T>(reader: Reader, prefix: string): T[] {
  return [...reader.range<T>(prefix)].map(({ value }) => value);
}

/** @throws {KcoreError} NotFound */
export function networkNamed(reader: Reader, name: string): Network {
  const network = reader.get<Network>(keys.network(name))?.value;
  if (network === undefined) throw notFound(`network '${name}' not found`);
  return network;
}

/** @throws {KcoreError} NotFound */
export function nodeNamed(reader: Reader, name: string): NodeRow {
  const node = reader.get<NodeRow>(keys.node(name))?.value;
  if (node === undefined) throw notFound(`node '${name}' not found`);
  return node;
}

export function noVm(name: string): KcoreError {
  return notFound(`VM '${name}' not found`);
}

/** @throws {KcoreError} NotFound */
export function vmNamed(reader: Reader, name: string): Vm {
  const vm = reader.get<Vm>(keys.vm(name))?.value;
  if (vm === undefined) throw noVm(name);
  return vm;
}

export function allNetworks(reader: Reader): Network[] {
  return valuesOf<Network>(reader, keys.networks);
}

export function allNodes(reader: Reader): NodeRow[] {
  return valuesOf<NodeRow>(reader, keys.nodes);
}

export function isOn(network: Network, node: string): boolean {
  return network.nodes.some(({ name }) => name === node);
}

/** The VMs with a NIC on a network, by name, with the revision of the last write of each. */
export function vmRowsOn(reader: Reader, network: string): Row<Vm>[] {
  const prefix = keys.attachments(network);
  return [...reader.range(prefix)].flatMap(({ key }) => {
    const row = reader.get<Vm>(keys.vm(key.slice(prefix.length)));
    return row === undefined ? [] : [row];
  });
}

/** The VMs with a NIC on a network, by name. */
export function vmsOn(reader: Reader, network: string): Vm[] {
  return vmRowsOn(reader, network).map(({ value }) => value);
}

export function othersOn(networks: readonly Network[], network: Network, node: string): Network[] {
  return networks.filter((each) => each.name !== network.name && isOn(each, node));
}
