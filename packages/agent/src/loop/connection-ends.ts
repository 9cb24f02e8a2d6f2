import * as v from 'valibot';
import { forwardFilter } from '../compile/forwards.ts';
import type { ConntrackFilter } from '../model/kernel.ts';
import type { Operation, Plan } from '../model/operation.ts';

const Filters = v.array(
  v.strictObject({ protocol: v.picklist(['tcp', 'udp']), address: v.string(), port: v.number() }),
) satisfies v.GenericSchema<unknown, readonly ConntrackFilter[]>;

export interface ConnectionEndsOptions {
  /** What was noted and not ended by an earlier life of the agent. */
  readonly noted: unknown;
  /** Durable when resolved. */
  readonly save: (filters: readonly ConntrackFilter[]) => Promise<void>;
  readonly end: (filters: readonly ConntrackFilter[]) => Promise<number>;
}

/**
 * Ends the connections that a forward made before it changed. They are noted on disk before the forward is
 * changed and crossed off when they are ended, so that an agent killed in between still ends them when it is back.
 */
export interface ConnectionEnds {
  /** Notes the forwards that a plan changes. One that is put back as it was (`drift`) keeps its connections. */
  note(plan: Plan, drift: ReadonlySet<Operation>): Promise<void>;
  /** Ends what is noted; resolves with how many entries that were. */
  flush(): Promise<number>;
}

export function createConnectionEnds({ noted, save, end }: ConnectionEndsOptions): ConnectionEnds {
  const parsed = v.safeParse(Filters, noted);
  const pending = new Map<string, ConntrackFilter>(
    (parsed.success ? parsed.output : []).map((one) => [keyOf(one), one]),
  );
  return {
    async note(plan, drift) {
      const filters = plan.flatMap((operation) => (drift.has(operation) ? [] : filtersOf(operation)));
      const fresh = filters.filter((filter) => !pending.has(keyOf(filter)));
      if (fresh.length === 0) return;
      for (const filter of fresh) pending.set(keyOf(filter), filter);
      await save([...pending.values()]);
    },
    async flush() {
      if (pending.size === 0) return 0;
      const filters = [...pending.values()];
      const count = await end(filters);
      for (const filter of filters) pending.delete(keyOf(filter));
      await save([...pending.values()]);
      return count;
    },
  };
}

function filtersOf(operation: Operation): readonly ConntrackFilter[] {
  const resources = [
    ...('have' in operation ? [operation.have] : []),
    ...('want' in operation ? [operation.want] : []),
  ];
  return resources.flatMap((resource) => forwardFilter(resource) ?? []);
}

function keyOf({ protocol, address, port }: ConntrackFilter): string {
  return `${protocol} ${address} ${port}`;
}
