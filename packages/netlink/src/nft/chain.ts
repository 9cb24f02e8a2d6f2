import { attributes } from '../codec/attributes.ts';
import { body } from '../codec/body.ts';
import type { Infer } from '../codec/codec.ts';
import { array, nested } from '../codec/nested.ts';
import { be32, be64, bytes, sbe32 } from '../codec/scalar.ts';
import { cstring } from '../codec/text.ts';
import { type DumpRequest, dumpOf, type Request, requestOf } from '../message/request.ts';
import { NF_ACCEPT, NF_DROP } from '../uapi/netfilter.ts';
import { NLM_F_CREATE, NLM_F_EXCL, NLM_F_REQUEST } from '../uapi/netlink.ts';
import {
  NFT_MSG_DELCHAIN,
  NFT_MSG_GETCHAIN,
  NFT_MSG_NEWCHAIN,
  NFTA_CHAIN_FLAGS,
  NFTA_CHAIN_HANDLE,
  NFTA_CHAIN_HOOK,
  NFTA_CHAIN_NAME,
  NFTA_CHAIN_POLICY,
  NFTA_CHAIN_TABLE,
  NFTA_CHAIN_TYPE,
  NFTA_CHAIN_USE,
  NFTA_CHAIN_USERDATA,
  NFTA_DEVICE_NAME,
  NFTA_HOOK_DEV,
  NFTA_HOOK_DEVS,
  NFTA_HOOK_HOOKNUM,
  NFTA_HOOK_PRIORITY,
} from '../uapi/nf-tables.ts';
import { type Family, familyHeader, familyOfHeader, messageType, nfgenmsg } from './header.ts';
import { type Hook, hookName, hookNumber } from './hook.ts';
import { decodeComment, encodeComment } from './user-data.ts';

const hookAttributes = attributes({
  number: [NFTA_HOOK_HOOKNUM, be32],
  priority: [NFTA_HOOK_PRIORITY, sbe32],
  device: [NFTA_HOOK_DEV, cstring],
  devices: [NFTA_HOOK_DEVS, array(cstring, { type: NFTA_DEVICE_NAME })],
});

const chainAttributes = attributes({
  table: [NFTA_CHAIN_TABLE, cstring],
  handle: [NFTA_CHAIN_HANDLE, be64],
  name: [NFTA_CHAIN_NAME, cstring],
  type: [NFTA_CHAIN_TYPE, cstring],
  policy: [NFTA_CHAIN_POLICY, be32],
  hook: [NFTA_CHAIN_HOOK, nested(hookAttributes)],
  use: [NFTA_CHAIN_USE, be32],
  flags: [NFTA_CHAIN_FLAGS, be32],
  userData: [NFTA_CHAIN_USERDATA, bytes],
});
export const chainBody = body(nfgenmsg, chainAttributes);

export interface ChainName {
  readonly family: Family;
  readonly table: string;
  readonly name: string;
}

/** What makes a chain see packets by itself. */
export interface BaseChain {
  /** `filter`, `nat` or `route`. */
  readonly type: string;
  readonly hook: Hook;
  /** Smaller is earlier. */
  readonly priority: number;
  readonly policy: 'accept' | 'drop';
  /** Of a netdev hook. */
  readonly devices?: readonly string[];
}

export interface Chain extends ChainName {
  /** Absent: a regular chain, reached by jump. */
  readonly base?: BaseChain;
  /** Rules in it and, for a regular chain, jumps to it. */
  readonly use: number;
  readonly comment?: string;
  readonly handle?: bigint;
}

export type ChainSpec = ChainName & Pick<Chain, 'base' | 'comment'>;

function baseOf(family: Family, read: Infer<typeof chainAttributes>): BaseChain | undefined {
  const { hook, type, policy } = read;
  const name = hook?.number === undefined ? undefined : hookName(family, hook.number);
  if (hook === undefined || name === undefined) return undefined;
  const devices = hook.devices ?? (hook.device === undefined ? undefined : [hook.device]);
  return {
    type: type ?? 'filter',
    hook: name,
    priority: hook.priority ?? 0,
    policy: policy === NF_DROP ? 'drop' : 'accept',
    ...(devices === undefined ? {} : { devices }),
  };
}

export function chainOf({ header, attributes: read }: Infer<typeof chainBody>): Chain | undefined {
  const family = familyOfHeader(header);
  if (family === undefined) return undefined;
  const base = baseOf(family, read);
  const comment = decodeComment(read.userData);
  return {
    family,
    table: read.table ?? '',
    name: read.name ?? '',
    use: read.use ?? 0,
    ...(base === undefined ? {} : { base }),
    ...(comment === undefined ? {} : { comment }),
    ...(read.handle === undefined ? {} : { handle: read.handle }),
  };
}

function hookOf(family: Family, base: BaseChain): Infer<typeof hookAttributes> {
  const { hook, priority, devices } = base;
  return { number: hookNumber(family, hook), priority, ...(devices === undefined ? {} : { devices }) };
}

/**
 * Only within a transaction. Of a chain that exists, the policy is changed; another type, hook or priority is refused
 * by the kernel (EEXIST, EOPNOTSUPP). With `exclusive`, an existing chain is EEXIST.
 */
function create(chain: ChainSpec, options?: { readonly exclusive: boolean }): Request<void> {
  const { family, table, name, base, comment } = chain;
  return requestOf({
    operation: `create chain ${family} ${table} ${name}`,
    type: messageType(NFT_MSG_NEWCHAIN),
    flags: NLM_F_REQUEST | NLM_F_CREATE | (options?.exclusive === true ? NLM_F_EXCL : 0),
    codec: chainBody,
    value: {
      header: familyHeader(family),
      attributes: {
        table,
        name,
        ...(base === undefined
          ? {}
          : {
              type: base.type,
              policy: base.policy === 'drop' ? NF_DROP : NF_ACCEPT,
              hook: hookOf(family, base),
            }),
        ...(comment === undefined ? {} : { userData: encodeComment(comment) }),
      },
    },
  });
}

/** Only within a transaction. EBUSY while a rule or a map's element jumps to it; its own rules are deleted with it. */
function deleteChain({ family, table, name }: ChainName): Request<void> {
  return requestOf({
    operation: `delete chain ${family} ${table} ${name}`,
    type: messageType(NFT_MSG_DELCHAIN),
    flags: NLM_F_REQUEST,
    codec: chainBody,
    value: { header: familyHeader(family), attributes: { table, name } },
  });
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
export const chains = { create, delete: deleteChain, list } as const;
