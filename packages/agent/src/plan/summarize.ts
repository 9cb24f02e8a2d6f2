import { keyOf } from '../model/key.ts';
import type { Operation } from '../model/operation.ts';

/** One operation in one line, for events and statuses: `update link kbr-private: mtu 1500 → 1450`. */
export function summarize(operation: Operation): string {
  const resource = operation.op === 'delete' ? operation.have : operation.want;
  return `${operation.op} ${keyOf(resource)}: ${operation.reason}`;
}
