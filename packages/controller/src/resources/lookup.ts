import { type Network, notFound, type Vm } from '@kcore/contract';
import { keys, type NodeRow } from '../store/rows.ts';
import type { Transaction } from '../store/store.ts';

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

/** @throws {KcoreError} NotFound */
export function vmNamed(reader: Reader, name: string): Vm {
  const vm = reader.get<Vm>(keys.vm(name))?.value;
  if (vm === undefined) throw notFound(`VM '${name}' not found`);
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

/** The VMs with a NIC on a network, by name. */
export function vmsOn(reader: Reader, network: string): Vm[] {
  const prefix = keys.attachments(network);
  return [...reader.range(prefix)].flatMap(({ key }) => {
    const vm = reader.get<Vm>(keys.vm(key.slice(prefix.length)))?.value;
    return vm === undefined ? [] : [vm];
  });
}

export function othersOn(networks: readonly Network[], network: Network, node: string): Network[] {
  return networks.filter((each) => each.name !== network.name && isOn(each, node));
}
