import { links } from '@kcore/netlink';
import { keyOf } from '../model/key.ts';
import { needsOf } from '../model/needs.ts';
import type { Operation, OperationResult, Plan } from '../model/operation.ts';
import type { Resource } from '../model/resource.ts';
import { type EntryRequest, entryRequest, isEntry } from './apply-entry.ts';
import { applyLink } from './apply-link.ts';
import { deletableTogether, deleteTogether } from './delete-links.ts';
import { applyNft } from './nft/apply.ts';
import { nameOf } from './observe-link.ts';
import { failureOf, OK, resultOf } from './result.ts';
import type { Sockets } from './sockets.ts';

type Lane = 'link-deletion' | 'link' | 'nft' | 'entry';

/** Applies a plan in order. What follows each other and goes by the same way goes together. */
export async function applyPlan(plan: Plan, sockets: Sockets): Promise<readonly OperationResult[]> {
  if (plan.length === 0) return [];
  const apply = new Application(sockets, await readIndexes(sockets));
  for (let at = 0; at < plan.length; ) {
    const end = endOfRun(plan, at);
    await apply.run(plan.slice(at, end));
    at = end;
  }
  return apply.results;
}

async function readIndexes({ routeDumps }: Sockets): Promise<Map<string, number>> {
  const { items } = await routeDumps.dump(links.list());
  return new Map(items.map((link) => [nameOf(link), link.index]));
}

function resourceOf(operation: Operation): Resource {
  return operation.op === 'delete' ? operation.have : operation.want;
}

function laneOf(operation: Operation): Lane {
  const resource = resourceOf(operation);
  if (isEntry(resource)) return 'entry';
  if (resource.kind !== 'link') return 'nft';
  return operation.op === 'delete' ? 'link-deletion' : 'link';
}

function endOfRun(plan: Plan, start: number): number {
  const first = plan[start];
  if (first === undefined) return start + 1;
  const lane = laneOf(first);
  let end = start + 1;
  for (let next = plan[end]; next !== undefined && laneOf(next) === lane; next = plan[end]) end += 1;
  return end;
}

class Application {
  readonly results: OperationResult[] = [];
  readonly #sockets: Sockets;
  readonly #indexes: Map<string, number>;
  /** Keys of what could not be made: what needs them is not tried. */
  readonly #failed = new Set<string>();

  constructor(sockets: Sockets, indexes: Map<string, number>) {
    this.#sockets = sockets;
    this.#indexes = indexes;
  }

  /** One run of operations that go by the same way. */
  async run(operations: Plan): Promise<void> {
    const [first] = operations;
    if (first === undefined) return;
    switch (laneOf(first)) {
      case 'link':
        for (const operation of operations) await this.#one(operation);
        return;
      case 'link-deletion':
        return this.#linkDeletions(operations);
      case 'entry':
        return this.#entries(operations);
      case 'nft':
        return this.#transaction(operations);
    }
  }

  async #one(operation: Operation): Promise<void> {
    const skipped = this.#skipped(operation);
    this.#note(operation, skipped ?? (await applyLink(operation, this.#sockets, this.#indexes)));
  }

  async #linkDeletions(operations: Plan): Promise<void> {
    const names = operations
      .map((operation) => resourceOf(operation))
      .flatMap((link) => (link.kind === 'link' ? [link.name] : []));
    if (await deletableTogether(names, this.#sockets, this.#indexes)) {
      await deleteTogether(this.#sockets);
    }
    // Each by itself: those that the group took are absent now, which is success.
    for (const operation of operations) await this.#one(operation);
  }

  async #entries(operations: Plan): Promise<void> {
    const made = operations.map((operation) => this.#skipped(operation) ?? this.#entryRequest(operation));
    const requests = made.filter((each) => each !== undefined && 'request' in each);
    const outcomes = await this.#sockets.route.batch(requests.map(({ request }) => request));
    let next = 0;
    for (const [index, operation] of operations.entries()) {
      const each = made[index];
      if (each !== undefined && 'request' in each) this.#note(operation, resultOf(outcomes[next++], each.tolerated));
      else this.#note(operation, each ?? OK);
    }
  }

  #entryRequest(operation: Operation): EntryRequest | OperationResult | undefined {
    try {
      return entryRequest(operation, this.#indexes);
    } catch (error) {
      return failureOf(error);
    }
  }

  /** All of them or none: what needs a failed link is left out beforehand. */
  async #transaction(operations: Plan): Promise<void> {
    const skipped = operations.map((operation) => this.#skipped(operation));
    const tried = operations.filter((_, index) => skipped[index] === undefined);
    const results = await this.#applyNft(tried);
    let next = 0;
    for (const [index, operation] of operations.entries()) {
      this.#note(operation, skipped[index] ?? results[next++] ?? OK);
    }
  }

  async #applyNft(operations: Plan): Promise<readonly OperationResult[]> {
    if (operations.length === 0) return [];
    try {
      return await applyNft(this.#sockets.netfilter, operations);
    } catch (error) {
      return operations.map(() => failureOf(error));
    }
  }

  #skipped(operation: Operation): OperationResult | undefined {
    if (operation.op === 'delete') return undefined;
    const need = needsOf(operation.want).find((key) => this.#failed.has(key));
    return need === undefined ? undefined : { status: 'skipped', message: `${need} could not be made` };
  }

  #note(operation: Operation, result: OperationResult): void {
    if (result.status !== 'ok' && operation.op !== 'delete') this.#failed.add(keyOf(operation.want));
    this.results.push(result);
  }
}
