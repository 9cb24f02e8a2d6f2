/**
 * The one error family that crosses process boundaries.
 *
 * Codes are gRPC's names, so that people who know other systems know these. The text is for a person: it names the
 * field or object and, where there is one, the remedy.
 */
export const errorCodes = {
  /** exit: the status `kctl` ends with. rpc: the JSON-RPC 2.0 error code, from the range left to applications. */
  Internal: { exit: 1, rpc: -32000 },
  NotFound: { exit: 3, rpc: -32001 },
  FailedPrecondition: { exit: 4, rpc: -32002 },
  InvalidArgument: { exit: 5, rpc: -32003 },
  Unavailable: { exit: 6, rpc: -32004 },
  DeadlineExceeded: { exit: 6, rpc: -32005 },
  AlreadyExists: { exit: 7, rpc: -32006 },
  Aborted: { exit: 7, rpc: -32007 },
  ResourceExhausted: { exit: 8, rpc: -32008 },
  Unauthenticated: { exit: 9, rpc: -32009 },
  PermissionDenied: { exit: 9, rpc: -32010 },
} as const;

export type ErrorCode = keyof typeof errorCodes;

/** Machine-readable particulars; `field` names the manifest path that was wrong. */
export interface ErrorDetails {
  readonly field?: string;
  readonly remedy?: string;
  readonly [key: string]: unknown;
}

export class KcoreError extends Error {
  override readonly name = 'KcoreError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.details = details;
  }
}

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(errorCodes, value);
}

export function invalidArgument(message: string, details: ErrorDetails = {}): KcoreError {
  return new KcoreError('InvalidArgument', message, details);
}

export function failedPrecondition(message: string, details: ErrorDetails = {}): KcoreError {
  return new KcoreError('FailedPrecondition', message, details);
}

export function notFound(message: string, details: ErrorDetails = {}): KcoreError {
  return new KcoreError('NotFound', message, details);
}

export function alreadyExists(message: string, details: ErrorDetails = {}): KcoreError {
  return new KcoreError('AlreadyExists', message, details);
}
