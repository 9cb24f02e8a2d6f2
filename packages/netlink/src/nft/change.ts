import type { Body } from '../codec/body.ts';
import type { Codec, Infer } from '../codec/codec.ts';
import { type RawMessage, readBody } from '../message/message.ts';
import { queryOf, type Request, requestOf } from '../message/request.ts';
import { NLM_F_ECHO, NLM_F_REQUEST } from '../uapi/netlink.ts';
import { type Family, familyHeader, messageType, type nfgenmsg } from './header.ts';

type NftCodec<A> = Codec<Body<Infer<typeof nfgenmsg>, A>>;

/** One message of a transaction. */
export interface Change<A> {
  /** For errors: `create chain ip nat post`. */
  readonly operation: string;
  readonly family?: Family;
  /** NFT_MSG_*. */
  readonly message: number;
  /** Beside NLM_F_REQUEST. */
  readonly flags?: number;
  readonly attributes: A;
}

interface Parts<A> {
  readonly operation: string;
  readonly type: number;
  readonly flags: number;
  readonly codec: NftCodec<A>;
  readonly value: Body<Infer<typeof nfgenmsg>, A>;
}

function partsOf<A>(codec: NftCodec<A>, { operation, family, message, flags, attributes }: Change<A>): Parts<A> {
  const value = { header: familyHeader(family), attributes };
  return { operation, type: messageType(message), flags: NLM_F_REQUEST | (flags ?? 0), codec, value };
}

/** A request that only works within a transaction. */
export function changeOf<A>(codec: NftCodec<A>, change: Change<A>): Request<void> {
  return requestOf(partsOf(codec, change));
}

/** The first of the messages that `read` takes. @throws {RangeError} There is none: the kernel told nothing. */
export function firstOf<I, T>(
  operation: string,
  messages: readonly RawMessage[],
  codec: Codec<I>,
  read: (body: I) => T | undefined,
): T {
  for (const message of messages) {
    const value = read(readBody(codec, message));
    if (value !== undefined) return value;
  }
  throw new RangeError(`${operation}: the kernel told nothing`);
}

/** The change with NLM_F_ECHO; its result is what the kernel made of it, with its handle. */
export function echoOf<A, T>(
  codec: NftCodec<A>,
  change: Change<A>,
  read: (body: Body<Infer<typeof nfgenmsg>, A>) => T | undefined,
): Request<T> {
  const parts = partsOf(codec, { ...change, flags: (change.flags ?? 0) | NLM_F_ECHO });
  const isEcho = ({ type }: RawMessage): boolean => type === parts.type;
  return queryOf({
    ...parts,
    reply: (messages) => firstOf(parts.operation, messages.filter(isEcho), codec, read),
  });
}

/** One object that is asked for by its name. ENOENT when there is none. */
export function getOf<A, T>(
  codec: NftCodec<A>,
  query: Change<A>,
  read: (body: Body<Infer<typeof nfgenmsg>, A>) => T | undefined,
): Request<T> {
  const parts = partsOf(codec, query);
  return queryOf({ ...parts, reply: (messages) => firstOf(parts.operation, messages, codec, read) });
}

/** How an object is made. */
export interface CreateOptions {
  /** EEXIST when it is there already. */
  readonly exclusive?: boolean;
  /** The result is what the kernel made, with its handle. */
  readonly echo?: boolean;
}

/** `create(spec)` has no result; `create(spec, { echo: true })` has the object as the kernel has it. */
export interface Create<S, T> {
  (spec: S, options: CreateOptions & { readonly echo: true }): Request<T>;
  (spec: S, options?: CreateOptions): Request<void>;
}
