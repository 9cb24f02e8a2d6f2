import * as v from 'valibot';
import { type ErrorDetails, errorCodes, isErrorCode, KcoreError } from '../errors.ts';

/**
 * JSON-RPC 2.0, without batches: their members would have to be answered together, which nothing here needs.
 * Source: https://www.jsonrpc.org/specification
 */

/** Error codes that the specification itself defines. */
export const PARSE_ERROR = -32700;
export const INVALID_REQUEST = -32600;
export const METHOD_NOT_FOUND = -32601;

const version = v.literal('2.0');
const id = v.union([v.number(), v.string()]);

const Request = v.strictObject({ jsonrpc: version, id, method: v.string(), params: v.exactOptional(v.unknown()) });
const NotificationFrame = v.strictObject({
  jsonrpc: version,
  method: v.string(),
  params: v.exactOptional(v.unknown()),
});
const Success = v.strictObject({ jsonrpc: version, id, result: v.unknown() });
const Failure = v.strictObject({
  jsonrpc: version,
  id: v.nullable(id),
  error: v.object({ code: v.number(), message: v.string(), data: v.exactOptional(v.unknown()) }),
});

export type Frame =
  | { readonly kind: 'request'; readonly id: number | string; readonly method: string; readonly params: unknown }
  | { readonly kind: 'notification'; readonly method: string; readonly params: unknown }
  | { readonly kind: 'success'; readonly id: number | string; readonly result: unknown }
  | { readonly kind: 'failure'; readonly id: number | string | null; readonly error: KcoreError }
  | { readonly kind: 'malformed'; readonly code: number; readonly message: string };

export function decodeFrame(text: string): Frame {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { kind: 'malformed', code: PARSE_ERROR, message: 'the message is not JSON' };
  }
  if (v.is(Request, value)) return { kind: 'request', id: value.id, method: value.method, params: value.params };
  if (v.is(NotificationFrame, value)) return { kind: 'notification', method: value.method, params: value.params };
  if (v.is(Success, value)) return { kind: 'success', id: value.id, result: value.result };
  if (v.is(Failure, value)) return { kind: 'failure', id: value.id, error: errorFromWire(value.error) };
  return { kind: 'malformed', code: INVALID_REQUEST, message: 'the message is not a JSON-RPC 2.0 frame' };
}

export function encodeRequest(requestId: number, method: string, params: unknown): string {
  return JSON.stringify({ jsonrpc: '2.0', id: requestId, method, params });
}

export function encodeNotification(method: string, params: unknown): string {
  return JSON.stringify({ jsonrpc: '2.0', method, params });
}

export function encodeSuccess(requestId: number | string, result: unknown): string {
  return JSON.stringify({ jsonrpc: '2.0', id: requestId, result });
}

export function encodeFailure(requestId: number | string | null, error: KcoreError): string {
  const data = { code: error.code, details: error.details };
  return JSON.stringify({
    jsonrpc: '2.0',
    id: requestId,
    error: { code: errorCodes[error.code].rpc, message: error.message, data },
  });
}

/** An error that the JSON-RPC layer itself found. */
export function encodeProtocolError(requestId: number | string | null, code: number, message: string): string {
  return JSON.stringify({ jsonrpc: '2.0', id: requestId, error: { code, message } });
}

const ErrorData = v.object({ code: v.string(), details: v.exactOptional(v.record(v.string(), v.unknown())) });

function errorFromWire(error: { code: number; message: string; data?: unknown }): KcoreError {
  const data = v.is(ErrorData, error.data) ? error.data : undefined;
  const details: ErrorDetails = data?.details ?? {};
  if (data !== undefined && isErrorCode(data.code)) return new KcoreError(data.code, error.message, details);
  return new KcoreError('Internal', error.message, { ...details, rpc: error.code });
}
