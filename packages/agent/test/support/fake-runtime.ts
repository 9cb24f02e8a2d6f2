import type { Vm } from '@kcore/contract';
import type { NicAttachment, Seed, VmObserved, VmRuntime } from '../../src/model/runtime.ts';
import { createChanges } from '../../src/vm/changes.ts';

/** Guests that are only said to run. */
export class FakeRuntime implements VmRuntime {
  readonly description = 'fake (nothing runs)';
  readonly guests = new Map<string, VmObserved>();
  /** What was asked, in order: `prepare web-01`. */
  readonly calls: string[] = [];
  readonly seeds = new Map<string, Seed>();
  /** Error texts by call: `observe`, `prepare web-01`. */
  readonly failures = new Map<string, string>();
  readonly #changes = createChanges();

  async observe(): Promise<readonly VmObserved[]> {
    this.#mayFail('observe');
    return [...this.guests.values()];
  }

  async prepare(vm: Vm): Promise<readonly NicAttachment[]> {
    this.#call(`prepare ${vm.name}`);
    if (!this.guests.has(vm.name)) this.#set(vm.name, vm.uid, 'prepared');
    return vm.nics.map(({ index }) => ({ kind: 'veth', netns: `/run/netns/vm-${vm.name}`, name: `nic${index}` }));
  }

  async start(vm: Vm, seed: Seed): Promise<void> {
    this.#call(`start ${vm.name}`);
    this.seeds.set(vm.name, seed);
    this.#set(vm.name, vm.uid, 'running');
  }

  async stop(name: string): Promise<void> {
    this.#call(`stop ${name}`);
    const guest = this.guests.get(name);
    if (guest !== undefined) this.#set(name, guest.uid, 'stopped');
  }

  async remove(name: string): Promise<void> {
    this.#call(`remove ${name}`);
    this.guests.delete(name);
  }

  async *watch(signal: AbortSignal) {
    for await (const names of this.#changes.batches(signal)) for (const name of names) yield { name };
  }

  /** Something happens to a guest without anybody having asked for it. */
  happens(name: string, state: VmObserved['state'] | 'gone'): void {
    const guest = this.guests.get(name);
    if (state === 'gone') this.guests.delete(name);
    else if (guest !== undefined) this.guests.set(name, { ...guest, state });
    this.#changes.add(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #set(name: string, uid: string, state: VmObserved['state']): void {
    this.guests.set(name, { name, uid, state });
  }

  #call(call: string): void {
    this.calls.push(call);
    this.#mayFail(call);
  }

  #mayFail(call: string): void {
    const failure = this.failures.get(call);
    if (failure !== undefined) throw new Error(failure);
  }
}
