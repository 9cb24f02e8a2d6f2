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
  /** What a NIC is plugged into; by default a namespace. */
  attachment = (vm: Vm, index: number): NicAttachment => ({
    kind: 'veth',
    netns: `/run/netns/vm-${vm.name}`,
    name: `nic${index}`,
  });
  /** By call, what it waits for, besides being given up. */
  readonly waits = new Map<string, Promise<void>>();
  kept: ReadonlySet<string> | undefined;
  readonly #changes = createChanges();

  async observe(): Promise<readonly VmObserved[]> {
    this.#mayFail('observe');
    return [...this.guests.values()];
  }

  async prepare(vm: Vm, signal?: AbortSignal): Promise<readonly NicAttachment[]> {
    this.#call(`prepare ${vm.name}`);
    await this.#wait(`prepare ${vm.name}`, signal);
    if (!this.guests.has(vm.name)) this.#set(vm.name, vm.uid, 'prepared');
    return vm.nics.map(({ index }) => this.attachment(vm, index));
  }

  async start(vm: Vm, seed: Seed): Promise<void> {
    this.#call(`start ${vm.name}`);
    this.seeds.set(vm.name, seed);
    this.#set(vm.name, vm.uid, 'running', vm.nics);
  }

  async plug(vm: Vm, index: number, seed: Seed): Promise<void> {
    this.#call(`plug ${vm.name} ${index}`);
    this.seeds.set(vm.name, seed);
    const nics = [...(this.guests.get(vm.name)?.nics ?? []), ...vm.nics.filter((nic) => nic.index === index)];
    this.#set(vm.name, vm.uid, 'running', nics);
  }

  async unplug(name: string, index: number, signal: AbortSignal): Promise<void> {
    this.#call(`unplug ${name} ${index}`);
    await this.#wait(`unplug ${name} ${index}`, signal);
    const guest = this.guests.get(name);
    const nics = guest?.nics?.filter((nic) => nic.index !== index) ?? [];
    if (guest !== undefined) this.#set(name, guest.uid, 'running', nics);
  }

  async stop(name: string): Promise<void> {
    this.#call(`stop ${name}`);
    await this.#wait(`stop ${name}`, undefined);
    const guest = this.guests.get(name);
    if (guest !== undefined) this.#set(name, guest.uid, 'stopped');
  }

  async remove(name: string, keepDisks: boolean): Promise<void> {
    this.#call(`remove ${name}${keepDisks ? ' but its disks' : ''}`);
    this.guests.delete(name);
  }

  async keepOnly(wanted: ReadonlySet<string>): Promise<void> {
    this.kept = wanted;
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

  #set(name: string, uid: string, state: VmObserved['state'], nics: NonNullable<VmObserved['nics']> = []): void {
    const has = nics.map(({ index, mac }) => ({ index, mac }));
    this.guests.set(name, { name, uid, state, ...(state === 'running' ? { nics: has } : {}) });
  }

  async #wait(call: string, signal: AbortSignal | undefined): Promise<void> {
    const givenUp = new Promise<never>((_resolve, reject) =>
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true }),
    );
    await Promise.race(
      [this.waits.get(call), ...(signal === undefined ? [] : [givenUp])].slice(0, this.waits.has(call) ? 2 : 1),
    );
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
