import {
  NFT_OBJECT_CONNLIMIT,
  NFT_OBJECT_COUNTER,
  NFT_OBJECT_CT_EXPECT,
  NFT_OBJECT_CT_HELPER,
  NFT_OBJECT_CT_TIMEOUT,
  NFT_OBJECT_LIMIT,
  NFT_OBJECT_QUOTA,
  NFT_OBJECT_SECMARK,
  NFT_OBJECT_SYNPROXY,
  NFT_OBJECT_TUNNEL,
} from '../uapi/nf-tables-object.ts';

const numbers = {
  counter: NFT_OBJECT_COUNTER,
  quota: NFT_OBJECT_QUOTA,
  limit: NFT_OBJECT_LIMIT,
  connlimit: NFT_OBJECT_CONNLIMIT,
  ctHelper: NFT_OBJECT_CT_HELPER,
  ctTimeout: NFT_OBJECT_CT_TIMEOUT,
  ctExpectation: NFT_OBJECT_CT_EXPECT,
  secmark: NFT_OBJECT_SECMARK,
  synproxy: NFT_OBJECT_SYNPROXY,
  tunnel: NFT_OBJECT_TUNNEL,
} as const;

/** What a named object is. */
export type ObjectKind = keyof typeof numbers;

const kinds: ReadonlyMap<number, ObjectKind> = new Map(
  Object.entries(numbers).map(([kind, number]) => [number, kind as ObjectKind]),
);

export function objectNumber(kind: ObjectKind): number {
  return numbers[kind];
}

/** Undefined for a kind that is not in the table. */
export function objectKindOf(number: number): ObjectKind | undefined {
  return kinds.get(number);
}
