import type { AttributeSet, AttributeValues, Shape } from '../codec/attributes.ts';
import type { Connection, RequestOptions } from '../connection/connection.ts';
import { NetlinkError } from '../error.ts';
import { type RawMessage, readBody } from '../message/message.ts';
import { type DumpRequest, dumpOf, queryOf, type Request, requestOf } from '../message/request.ts';
import { type Monitor, openMonitor } from '../monitor/monitor.ts';
import type { Netns } from '../native/task.ts';
import { NETLINK_GENERIC } from '../uapi/genetlink.ts';
import { type GenlFamily, genlFamilies } from './controller.ts';
import { type GenlBody, genlBody } from './header.ts';

interface Parts<S extends Shape> {
  /** For errors: `set wireguard device wg0`. */
  readonly operation: string;
  /** The command's number. */
  readonly command: number;
  readonly set: AttributeSet<S>;
  readonly attributes: AttributeValues<S>;
}

/** Makes the requests of one family, whose number is known by now. */
export interface GenlMessages {
  /** Answered by success alone. */
  act<S extends Shape>(parts: Parts<S>): Request<void>;
  /** Answered by one message; `result` is given its attributes, or undefined where none came. */
  query<S extends Shape, R extends Shape, T>(
    parts: Parts<S> & {
      readonly replySet: AttributeSet<R>;
      readonly result: (reply: AttributeValues<R> | undefined) => T;
    },
  ): Request<T>;
  dump<S extends Shape, R extends Shape>(
    parts: Parts<S> & { readonly replySet: AttributeSet<R> },
  ): DumpRequest<AttributeValues<R>>;
}

/** A family as its file defines it: a new family is one such value. */
export interface GenlDefinition<R extends object, E> {
  readonly name: string;
  /** Of genlmsghdr; what the kernel's file of the family says. */
  readonly version: number;
  /** The family's requests. */
  requests(messages: GenlMessages): R;
  /** Decodes a notification by its command; undefined for one that has no table. @throws {MalformedError} */
  event(command: number, message: RawMessage): E | undefined;
}

/**
 * Asks the kernel for the family's number and resolves with the requests of that family.
 * @throws {NetlinkError} ENOENT: this kernel has no such family, and no module of it.
 */
export async function openFamily<R extends object, E>(
  connection: Connection,
  definition: GenlDefinition<R, E>,
  options?: RequestOptions,
): Promise<R> {
  const { id = 0 } = await familyNamed(connection, definition.name, options);
  return definition.requests(messagesOf(id, definition.version));
}

/**
 * Subscribes to a multicast group of a family by the names of both. `definition.event(…)` reads what comes, by
 * `readGenlEvent`.
 * @throws {NetlinkError} ENOENT: no such family. @throws {RangeError} No such group in it.
 */
export async function openFamilyMonitor<R extends object, E>(
  connection: Connection,
  definition: GenlDefinition<R, E>,
  options: { readonly group: string; readonly netns?: Netns },
): Promise<Monitor> {
  const { groups = [] } = await familyNamed(connection, definition.name);
  const group = groups.find(({ name }) => name === options.group);
  if (group?.id === undefined) {
    const names = groups.map(({ name }) => name).join(', ');
    throw new RangeError(`generic netlink family ${definition.name} has no group ${options.group}; there are ${names}`);
  }
  const { netns } = options;
  return openMonitor({ protocol: NETLINK_GENERIC, groups: [group.id], ...(netns === undefined ? {} : { netns }) });
}

/** The event that a monitor's message is; undefined for a command without a table. @throws {MalformedError} */
export function readGenlEvent<R extends object, E>(
  definition: GenlDefinition<R, E>,
  message: RawMessage,
): E | undefined {
  if (message.start >= message.end) return undefined;
  return definition.event(message.input.view.getUint8(message.start), message);
}

async function familyNamed(connection: Connection, name: string, options?: RequestOptions): Promise<GenlFamily> {
  const request = genlFamilies.get(name);
  try {
    const family = await connection.request(request, options);
    if (family !== undefined) return family;
  } catch (error) {
    if (!(error instanceof NetlinkError) || error.code !== 'ENOENT') throw error;
  }
  const kernelMessage = 'this kernel has no such family; its module is missing or not allowed';
  throw new NetlinkError({ operation: request.operation, errno: 2, code: 'ENOENT', kernelMessage, request });
}

function messagesOf(id: number, version: number): GenlMessages {
  const partsOf = <S extends Shape>({ operation, command, set, attributes }: Parts<S>) => ({
    operation,
    type: id,
    codec: genlBody(set),
    value: { header: { command, version }, attributes } satisfies GenlBody<S>,
  });
  return {
    act: (parts) => requestOf(partsOf(parts)),
    query(parts) {
      const replyBody = genlBody(parts.replySet);
      return queryOf({
        ...partsOf(parts),
        reply: (messages) => parts.result(messages.map((message) => readBody(replyBody, message).attributes).at(-1)),
      });
    },
    dump: (parts) =>
      dumpOf({ ...partsOf(parts), itemCodec: genlBody(parts.replySet), item: (reply) => reply.attributes }),
  };
}
