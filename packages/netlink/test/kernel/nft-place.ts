import { expect } from 'vitest';
import {
  type Connection,
  createRuleset,
  nftTransaction,
  openConnection,
  type Ruleset,
  readRuleset,
  type TransactionResult,
} from '../../src/index.ts';
import { NETLINK_NETFILTER } from '../../src/uapi/netlink.ts';
import { type TestNamespace, testNamespace } from './namespace.ts';

/** A namespace with a socket in it. */
export interface Place extends AsyncDisposable {
  readonly ns: TestNamespace;
  readonly connection: Connection;
}

/** A namespace with the two links that the ruleset names. */
export async function place(suffix: string): Promise<Place> {
  const ns = await testNamespace(suffix);
  ns.run('ip', 'link', 'add', 'v0', 'type', 'veth', 'peer', 'name', 'v1');
  const connection = await openConnection({ protocol: NETLINK_NETFILTER, netns: ns.path });
  return {
    ns,
    connection,
    async [Symbol.asyncDispose]() {
      await connection[Symbol.asyncDispose]();
      await ns[Symbol.asyncDispose]();
    },
  };
}

/** What nft(8) prints as JSON, without what is another in each namespace: handles, and time that has passed. */
export function printed(ns: TestNamespace): string {
  const text = ns.run('nft', '-j', 'list', 'ruleset');
  return JSON.stringify(JSON.parse(text), null, 1)
    .replace(/"(handle|expires)": \d+,?/g, '')
    .replace(/__(chain|set|map)\d+/g, '__$1')
    .replace(/^\s*\n/gm, '');
}

/** Reads the ruleset of one place and writes it in another: nft(8) prints both the same, and we read both the same. */
export async function expectCopied(from: Place, to: Place): Promise<void> {
  const ruleset = await readRuleset(from.connection);
  expect(ruleset.consistent).toBe(true);
  expect(told(await nftTransaction(to.connection, createRuleset(ruleset)))).toEqual(['ok']);
  expect(printed(to.ns).split('\n')).toEqual(printed(from.ns).split('\n'));
  // nft(8) prints no expression that it does not know; the values have all.
  expect(comparable(await readRuleset(to.connection))).toEqual(comparable(ruleset));
}

/** The outcome, with what the kernel says of each failure. */
export function told(result: TransactionResult): readonly string[] {
  if (result.status === 'failed') return result.failures.map(({ error }) => error.message);
  return [result.status];
}

function plain(value: unknown): string {
  return JSON.stringify(value, (key, member: unknown) => {
    if (key === 'expiration') return undefined;
    return typeof member === 'bigint' ? `${member}n` : member;
  });
}

/** A ruleset without what the kernel numbers anew, and hashes to another order. */
function comparable(ruleset: Ruleset): unknown {
  const { generation: _, ...rest } = ruleset;
  const text = JSON.stringify(rest, (key, value: unknown) => {
    if (key === 'elements' && Array.isArray(value)) return value.map(plain).sort();
    if (['handle', 'position', 'expiration', 'milliseconds'].includes(key)) return undefined;
    if (typeof value === 'bigint') return `${value}n`;
    return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
  });
  return JSON.parse(text.replace(/__(chain|set|map)\d+/g, '__$1')) as unknown;
}
