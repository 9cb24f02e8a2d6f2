/** A value that cannot be encoded: wrong type, out of range, or a name that the table does not have. Nothing was sent. */
export class ValueError extends RangeError {
  override readonly name = 'ValueError';
  readonly code = 'INVALID_VALUE';
  /** `linkinfo.data.vni`; empty where a codec is used by itself. */
  readonly path: string;
  readonly detail: string;

  constructor(detail: string, path = '', options?: ErrorOptions) {
    super(path === '' ? detail : `${path}: ${detail}`, options);
    this.detail = detail;
    this.path = path;
  }
}

/** The same error with `name` in front of its path. */
export function named(name: string, error: unknown): unknown {
  if (!(error instanceof ValueError)) return error;
  return new ValueError(error.detail, error.path === '' ? name : `${name}.${error.path}`, causeOf(error));
}

function causeOf({ cause }: Error): ErrorOptions | undefined {
  return cause === undefined ? undefined : { cause };
}

/** Bytes that are no valid attributes or structs: from the kernel this is a protocol error, never a crash. */
export class MalformedError extends RangeError {
  override readonly name = 'MalformedError';
}

/** @throws {MalformedError} The payload is shorter than the type needs. */
export function expectLength(what: string, start: number, end: number, length: number): void {
  if (end - start < length) {
    throw new MalformedError(`${what} at offset ${start}: ${end - start} bytes instead of ${length}`);
  }
}
