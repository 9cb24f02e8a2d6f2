import { type DumpRequest, dumpOf, type Request } from '../message/request.ts';
import { NLM_F_CREATE, NLM_F_EXCL } from '../uapi/netlink.ts';
import { NFT_MSG_DELCHAIN, NFT_MSG_DESTROYCHAIN, NFT_MSG_GETCHAIN, NFT_MSG_NEWCHAIN } from '../uapi/nf-tables.ts';
import {
  type BaseChain,
  type Chain,
  type ChainName,
  type ChainSpec,
  chainAttributesOf,
  chainBody,
  chainOf,
} from './chain.ts';
import { type Create, type CreateOptions, changeOf, echoOf, getOf } from './change.ts';
import { type Family, familyHeader, messageType } from './header.ts';

/**
 * Only within a transaction. Of a chain that exists, the policy is changed; another type, hook or priority is refused
 * by the kernel (EEXIST, EOPNOTSUPP). With `exclusive`, an existing chain is EEXIST. More devices of a chain that exists
 * are added to it. With `echo`, the result is the chain as the kernel has it.
 */
const create = ((chain: ChainSpec, options: CreateOptions = {}) => {
  const change = {
    operation: `create chain ${chain.family} ${chain.table} ${chain.name}`,
    family: chain.family,
    message: NFT_MSG_NEWCHAIN,
    flags: NLM_F_CREATE | (options.exclusive === true ? NLM_F_EXCL : 0),
    attributes: chainAttributesOf(chain),
  };
  return options.echo === true ? echoOf(chainBody, change, chainOf) : changeOf(chainBody, change);
}) as Create<ChainSpec, Chain>;

/**
 * Only within a transaction. A chain of one rule, which the same transaction makes after the rules of the chain: these
 * name it by `chainId`, and so does the verdict of that rule.
 */
function createBinding(chain: { readonly family: Family; readonly table: string; readonly id: number }): Request<void> {
  const { family, table, id } = chain;
  return changeOf(chainBody, {
    operation: `create chain #${id} of a rule in ${family} ${table}`,
    family,
    message: NFT_MSG_NEWCHAIN,
    flags: NLM_F_CREATE,
    attributes: { table, flags: { binding: true }, id },
  });
}

/** Only within a transaction. ENOENT when there is no chain of that handle, EEXIST when the new name is taken. */
function rename(chain: ChainName & { readonly handle: bigint }, name: string): Request<void> {
  return changeOf(chainBody, {
    operation: `rename chain ${chain.family} ${chain.table} ${chain.name} to ${name}`,
    family: chain.family,
    message: NFT_MSG_NEWCHAIN,
    attributes: { table: chain.table, handle: chain.handle, name },
  });
}

/** By its name, or by its handle. */
export type ChainSelector = ChainName | { readonly family: Family; readonly table: string; readonly handle: bigint };

function removal(verb: string, message: number, chain: ChainSelector): Request<void> {
  const { family, table } = chain;
  const which = 'name' in chain ? { name: chain.name } : { handle: chain.handle };
  return changeOf(chainBody, {
    operation: `${verb} chain ${family} ${table} ${Object.values(which).join()}`,
    family,
    message,
    attributes: { table, ...which },
  });
}

/** Only within a transaction. EBUSY while a rule or a map's element jumps to it; its own rules are deleted with it. */
function deleteChain(chain: ChainSelector): Request<void> {
  return removal('delete', NFT_MSG_DELCHAIN, chain);
}

/** Only within a transaction. As `delete`, but the absent is no error. Linux 6.3; EINVAL before. */
function destroy(chain: ChainSelector): Request<void> {
  return removal('destroy', NFT_MSG_DESTROYCHAIN, chain);
}

/** Only within a transaction. Takes the base's devices off a chain of the netdev family, which stays. Linux 6.4. */
function deleteDevices(chain: ChainName & { readonly base: BaseChain }): Request<void> {
  const { hook } = chainAttributesOf(chain);
  const { device, ...rest } = hook ?? {};
  return changeOf(chainBody, {
    operation: `delete devices of chain ${chain.family} ${chain.table} ${chain.name}`,
    family: chain.family,
    message: NFT_MSG_DELCHAIN,
    attributes: {
      table: chain.table,
      name: chain.name,
      hook: { ...rest, ...(device === undefined ? {} : { devices: [device] }) },
    },
  });
}

/** One chain. ENOENT when there is none. */
function get({ family, table, name }: ChainName): Request<Chain> {
  const operation = `get chain ${family} ${table} ${name}`;
  return getOf(chainBody, { operation, family, message: NFT_MSG_GETCHAIN, attributes: { table, name } }, chainOf);
}

/** The chains of one family, or of all, in all tables or in one. */
function list(filter: { readonly family?: Family; readonly table?: string } = {}): DumpRequest<Chain> {
  return dumpOf({
    operation: 'list chains',
    type: messageType(NFT_MSG_GETCHAIN),
    codec: chainBody,
    value: { header: familyHeader(filter.family), attributes: {} },
    itemCodec: chainBody,
    item(read) {
      const chain = chainOf(read);
      return chain?.table === (filter.table ?? chain?.table) ? chain : undefined;
    },
  });
}

/** Requests about chains of nftables. */
export const chains = {
  create,
  createBinding,
  rename,
  delete: deleteChain,
  destroy,
  deleteDevices,
  get,
  list,
} as const;
