import * as v from 'valibot';
import { Vm } from './vm.ts';

/**
 * What an agent and the process that hosts namespace guests say to each other, over a unix stream socket.
 *
 * One JSON text a line, UTF-8, ended by `\n`. The agent sends requests and gets one reply for each, in any order; the
 * host sends `changed` whenever a guest changed its state by itself. Every request is idempotent, because the agent
 * compares and repeats; a guest lives as long as its host process, however often agents come and go.
 */

/** Longest line either side accepts, bytes; user data may have some hundred kilobytes. */
export const GUEST_LINE_MAX = 4 * 1024 * 1024;

export const GUEST_STATES = ['prepared', 'starting', 'running', 'stopping', 'stopped', 'failed'] as const;

export const GuestObserved = v.strictObject({
  name: v.string(),
  uid: v.string(),
  state: v.picklist(GUEST_STATES),
  pid: v.exactOptional(v.number()),
  message: v.exactOptional(v.string()),
  /** Of one that runs: the NICs that it looks after. */
  nics: v.exactOptional(v.array(v.strictObject({ index: v.number(), mac: v.string() }))),
});
export type GuestObserved = v.InferOutput<typeof GuestObserved>;

/** Where the agent must put a NIC: `netns` is the path of the guest's namespace, `name` the interface's name in there. */
export const GuestNic = v.strictObject({ netns: v.string(), name: v.string() });
export type GuestNic = v.InferOutput<typeof GuestNic>;

/** The three documents of cloud-init's NoCloud data source, as text. */
export const GuestSeed = v.strictObject({ metaData: v.string(), networkConfig: v.string(), userData: v.string() });
export type GuestSeed = v.InferOutput<typeof GuestSeed>;

interface GuestMethod {
  readonly params: v.GenericSchema;
  readonly result: v.GenericSchema;
}

export const guestMethods = {
  /** Every guest that was prepared and not removed. */
  observe: { params: v.strictObject({}), result: v.strictObject({ guests: v.array(GuestObserved) }) },
  /** Makes the guest's namespace and says where its NICs go, one for each NIC of the VM, in their order. */
  prepare: { params: v.strictObject({ vm: Vm }), result: v.strictObject({ nics: v.array(GuestNic) }) },
  /** Starts it; its NICs are in the namespace by then. Answers when the guest's processes run, not when it has an address. */
  start: { params: v.strictObject({ vm: Vm, seed: GuestSeed }), result: v.strictObject({}) },
  /** The NICs of a running guest are others, and this is its seed from now on. Those that went are let go of; the agent deletes them. */
  setNics: { params: v.strictObject({ vm: Vm, seed: GuestSeed }), result: v.strictObject({}) },
  /** Takes one NIC from what a running guest looks after. */
  dropNic: { params: v.strictObject({ name: v.string(), index: v.number() }), result: v.strictObject({}) },
  /** Ends what runs in it, keeps the namespace. Answers when it is stopped. */
  stop: { params: v.strictObject({ name: v.string() }), result: v.strictObject({}) },
  /** Ends it and deletes its namespace; removing the absent succeeds. */
  remove: { params: v.strictObject({ name: v.string() }), result: v.strictObject({}) },
} as const satisfies Record<string, GuestMethod>;

export type GuestMethodName = keyof typeof guestMethods;
export type GuestParams<M extends GuestMethodName> = v.InferOutput<(typeof guestMethods)[M]['params']>;
export type GuestResult<M extends GuestMethodName> = v.InferOutput<(typeof guestMethods)[M]['result']>;

const id = v.pipe(v.number(), v.integer(), v.minValue(1));

/** Agent to host. `params` is checked with the method's own schema. */
export const GuestRequest = v.strictObject({
  id,
  method: v.picklist(Object.keys(guestMethods) as GuestMethodName[]),
  params: v.unknown(),
});
export type GuestRequest = v.InferOutput<typeof GuestRequest>;

/** Host to agent. */
export const GuestMessage = v.union([
  v.strictObject({ id, result: v.unknown() }),
  v.strictObject({ id, error: v.strictObject({ message: v.string() }) }),
  v.strictObject({ changed: v.string() }),
]);
export type GuestMessage = v.InferOutput<typeof GuestMessage>;

export function encodeGuestLine(message: GuestRequest | GuestMessage): string {
  return `${JSON.stringify(message)}\n`;
}

/**
 * Cuts a byte stream into lines, whatever its chunks are.
 *
 * @throws {RangeError} when a line is longer than `GUEST_LINE_MAX`: the stream cannot be followed any more.
 */
export function guestLines(): (chunk: Uint8Array) => readonly string[] {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    const bytes = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    const end = bytes.lastIndexOf(0x0a);
    rest = end < 0 ? bytes : bytes.subarray(end + 1);
    if (rest.length > GUEST_LINE_MAX) throw new RangeError(`a line is longer than ${GUEST_LINE_MAX} bytes`);
    if (end < 0) return [];
    return bytes
      .subarray(0, end)
      .toString('utf8')
      .split('\n')
      .filter((line) => line !== '');
  };
}
