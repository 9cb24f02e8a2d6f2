import { attributes, type UnknownAttribute } from '../codec/attributes.ts';
import { bits } from '../codec/bits.ts';
import { body } from '../codec/body.ts';
import type { Infer } from '../codec/codec.ts';
import { nested } from '../codec/nested.ts';
import { be32, be64, bytes, sbe32 } from '../codec/scalar.ts';
import { cstring } from '../codec/text.ts';
import { NF_ACCEPT, NF_DROP } from '../uapi/netfilter.ts';
import {
  NFT_CHAIN_BASE,
  NFT_CHAIN_BINDING,
  NFT_CHAIN_HW_OFFLOAD,
  NFTA_CHAIN_COUNTERS,
  NFTA_CHAIN_FLAGS,
  NFTA_CHAIN_HANDLE,
  NFTA_CHAIN_HOOK,
  NFTA_CHAIN_ID,
  NFTA_CHAIN_NAME,
  NFTA_CHAIN_POLICY,
  NFTA_CHAIN_TABLE,
  NFTA_CHAIN_TYPE,
  NFTA_CHAIN_USE,
  NFTA_CHAIN_USERDATA,
  NFTA_HOOK_DEV,
  NFTA_HOOK_DEVS,
  NFTA_HOOK_HOOKNUM,
  NFTA_HOOK_PRIORITY,
} from '../uapi/nf-tables.ts';
import { deviceList } from './device-list.ts';
import { counter } from './expression/counter.ts';
import { type Family, familyOfHeader, nfgenmsg } from './header.ts';
import { type Hook, hookName, hookNumber } from './hook.ts';
import { decodeUserData, encodeUserData, type UserData } from './user-data.ts';

const hookAttributes = attributes(() => ({
  number: [NFTA_HOOK_HOOKNUM, be32],
  priority: [NFTA_HOOK_PRIORITY, sbe32],
  device: [NFTA_HOOK_DEV, cstring],
  devices: [NFTA_HOOK_DEVS, deviceList],
}));

const chainAttributes = attributes(() => ({
  table: [NFTA_CHAIN_TABLE, cstring],
  handle: [NFTA_CHAIN_HANDLE, be64],
  name: [NFTA_CHAIN_NAME, cstring],
  type: [NFTA_CHAIN_TYPE, cstring],
  policy: [NFTA_CHAIN_POLICY, be32],
  hook: [NFTA_CHAIN_HOOK, nested(hookAttributes)],
  counters: [NFTA_CHAIN_COUNTERS, nested(counter)],
  use: [NFTA_CHAIN_USE, be32],
  flags: [
    NFTA_CHAIN_FLAGS,
    bits(be32, { base: NFT_CHAIN_BASE, offload: NFT_CHAIN_HW_OFFLOAD, binding: NFT_CHAIN_BINDING }),
  ],
  id: [NFTA_CHAIN_ID, be32],
  userData: [NFTA_CHAIN_USERDATA, bytes],
}));
export type ChainAttributes = Infer<typeof chainAttributes>;
export const chainBody = body(nfgenmsg, chainAttributes);

/** How a request names a chain. */
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
  /** Of the hooks ingress and egress: names of links, one or more. */
  readonly devices?: readonly string[];
  /** Its rules are given to the hardware of the links (ingress only; EOPNOTSUPP where there is none). */
  readonly offload?: boolean;
  /** What the policy was applied to. The kernel counts only where a chain was created with counters. */
  readonly counters?: { readonly packets: bigint; readonly bytes: bigint };
}

/** A chain as the kernel tells it. */
export interface Chain extends ChainName, UserData {
  /** Absent: a regular chain, reached by jump. */
  readonly base?: BaseChain;
  /** Rules in it and, for a regular chain, jumps to it. */
  readonly use: number;
  /** It belongs to one rule, which jumps to it, and is gone with that rule. Its name is the kernel's. */
  readonly binding?: boolean;
  /** Names it as long as it lives. */
  readonly handle?: bigint;
  readonly unknown?: readonly UnknownAttribute[];
}

/** A chain to be made. */
export type ChainSpec = ChainName & Pick<Chain, 'base'> & UserData;

function baseOf(family: Family, read: ChainAttributes): BaseChain | undefined {
  const { hook, type, policy, counters, flags } = read;
  const name = hook?.number === undefined ? undefined : hookName(family, hook.number);
  if (hook === undefined || name === undefined) return undefined;
  const devices = hook.devices ?? (hook.device === undefined ? undefined : [hook.device]);
  return {
    type: type ?? 'filter',
    hook: name,
    priority: hook.priority ?? 0,
    policy: policy === NF_DROP ? 'drop' : 'accept',
    ...(devices === undefined ? {} : { devices }),
    ...(flags?.offload === true ? { offload: true } : {}),
    ...(counters === undefined ? {} : { counters: { packets: counters.packets ?? 0n, bytes: counters.bytes ?? 0n } }),
  };
}

export function chainOf({ header, attributes: read }: Infer<typeof chainBody>): Chain | undefined {
  const family = familyOfHeader(header);
  if (family === undefined) return undefined;
  const base = baseOf(family, read);
  return {
    family,
    table: read.table ?? '',
    name: read.name ?? '',
    use: read.use ?? 0,
    ...(base === undefined ? {} : { base }),
    ...(read.flags?.binding === true ? { binding: true } : {}),
    ...decodeUserData(read.userData),
    ...(read.handle === undefined ? {} : { handle: read.handle }),
    ...(read.unknown === undefined ? {} : { unknown: read.unknown }),
  };
}

/** @throws {RangeError} A hook without the devices that it needs, or with devices that it cannot have. */
function hookOf({ family, name }: ChainName, base: BaseChain): Infer<typeof hookAttributes> {
  const { hook, priority, devices } = base;
  const number = hookNumber(family, hook);
  const atDevices = hook === 'ingress' || hook === 'egress';
  if (devices !== undefined && !atDevices)
    throw new RangeError(`chain ${name}: the hook ${hook} has no devices; ingress and egress have`);
  const [only, ...more] = devices ?? [];
  if (only === undefined) {
    if (atDevices && family !== 'netdev') throw new RangeError(`chain ${name}: the hook ${hook} needs devices`);
    return { number, priority };
  }
  return { number, priority, ...(more.length === 0 ? { device: only } : { devices: devices ?? [] }) };
}

/** The attributes of a chain to be made. @throws {RangeError} */
export function chainAttributesOf(chain: ChainSpec): ChainAttributes {
  const { table, name, base } = chain;
  return {
    table,
    name,
    ...(base === undefined
      ? {}
      : {
          type: base.type,
          policy: base.policy === 'drop' ? NF_DROP : NF_ACCEPT,
          hook: hookOf(chain, base),
          ...(base.offload === true ? { flags: { base: true, offload: true } } : {}),
          ...(base.counters === undefined ? {} : { counters: base.counters }),
        }),
    ...encodeUserData(chain),
  };
}
