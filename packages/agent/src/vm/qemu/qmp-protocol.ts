import * as v from 'valibot';

/** Longest line a guest's QEMU may send, bytes. Its longest real ones (query-block) are a few thousand. */
const MAX_LINE_BYTES = 1024 * 1024;

const Failure = v.object({ class: v.string(), desc: v.string() });

/** What QEMU says, one JSON object a line: docs/interop/qmp-spec.rst of QEMU. Its additions are let pass. */
export const QmpMessage = v.union([
  v.object({ QMP: v.object({ version: v.object({ qemu: v.object({ major: v.number(), minor: v.number() }) }) }) }),
  v.object({ return: v.unknown(), id: v.exactOptional(v.number()) }),
  v.object({ error: Failure, id: v.exactOptional(v.number()) }),
  v.object({ event: v.string(), data: v.exactOptional(v.record(v.string(), v.unknown())) }),
]);
export type QmpMessage = v.InferOutput<typeof QmpMessage>;

export interface QmpEvent {
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** QEMU refused a command. */
export class QmpError extends Error {
  override readonly name = 'QmpError';
  readonly command: string;
  /** QEMU's error class: `GenericError`, `DeviceNotFound`, `CommandNotFound`. */
  readonly reason: string;

  constructor(command: string, reason: string, description: string) {
    super(`QEMU refused '${command}': ${description}`);
    this.command = command;
    this.reason = reason;
  }
}

/** Cuts a stream into lines. @throws {RangeError} when one is longer than any that QEMU sends. */
export function qmpLines(): (chunk: Buffer) => readonly string[] {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    const whole = Buffer.concat([rest, chunk]);
    const end = whole.lastIndexOf(0x0a) + 1;
    rest = whole.subarray(end);
    if (rest.length > MAX_LINE_BYTES) throw new RangeError(`a line of more than ${MAX_LINE_BYTES} bytes`);
    const text = whole.toString('utf8', 0, end);
    return text.split('\n').filter((line) => line.trim() !== '');
  };
}
