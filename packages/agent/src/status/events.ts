import type { Clock } from '../model/clock.ts';
import type { StatusBoard } from './board.ts';

/** How many events a node keeps; older ones go. */
export const EVENT_RING = 200;

export interface NodeEvent {
  /** For example `DriftRepaired`, `OperationFailed`, `VmFailed`. */
  readonly type: string;
  readonly message: string;
  /** What it is about: `network/private`, `vm/web-01`, or a kernel object's key. */
  readonly object?: string;
}

export interface EventLog {
  record(event: NodeEvent): void;
}

/** The ring of the latest events, kept as status. Sequence numbers begin at 1 with each life of the agent. */
export function createEventLog(board: StatusBoard, clock: Clock): EventLog {
  const state = { sequence: 0 };
  return {
    record({ type, message, object }) {
      state.sequence += 1;
      const at = new Date(clock.now()).toISOString();
      const kept = board.all().flatMap((status) => (status.kind === 'event' ? [status] : []));
      const event = { kind: 'event' as const, sequence: state.sequence, at, type, message };
      board.replace('event', [
        ...kept.filter((old) => old.sequence > state.sequence - EVENT_RING),
        object === undefined ? event : { ...event, object },
      ]);
    },
  };
}
