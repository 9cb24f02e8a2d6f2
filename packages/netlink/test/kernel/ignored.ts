import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import type { Body, BodyCodec } from '../../src/codec/body.ts';
import { ValueError } from '../../src/codec/error.ts';
import { Writer } from '../../src/codec/writer.ts';
import type { Connection } from '../../src/connection/connection.ts';
import { type Request, requestOf } from '../../src/message/request.ts';
import { NLM_F_CREATE, NLM_F_EXCL } from '../../src/uapi/netlink.ts';
import { stable } from './both-ways.ts';
import type { TestNamespace } from './namespace.ts';

/** What the kernel takes and does not do: `path` of a specification, and how the same goes past the checks. */
export interface Case {
  readonly path: string;
  /** Members of the specification besides those of every case of the subject. */
  readonly spec: object;
  /** Members of the message's header and attributes besides those that it has without. */
  readonly header?: object;
  readonly attributes?: object;
}

/** Of an attribute that is a member of the same name. */
export function attribute(path: string, value: unknown): Case {
  return { path, spec: { [path]: value }, attributes: { [path]: value } };
}

/** Of a flag in `flags`, which is an attribute. */
export function attributeFlag(name: string): Case {
  const flags = { flags: { [name]: true } };
  return { path: `flags.${name}`, spec: flags, attributes: flags };
}

/** Of a flag in the `flags` of the header. */
export function headerFlag(name: string, ...always: readonly string[]): Case {
  const flags = Object.fromEntries([name, ...always].map((each) => [each, true]));
  return { path: `flags.${name}`, spec: { flags: { [name]: true } }, header: { flags } };
}

export interface Subject {
  readonly title: string;
  readonly cases: () => readonly Case[];
  /** The request through the checks. */
  readonly checked: (spec: object) => Request<unknown>;
  /** The request past them. */
  readonly raw: (header: object, attributes: object) => Request<unknown>;
  /** Takes away what was made; undefined for a change of what stays. */
  readonly undo?: () => Request<unknown>;
  /** What `ip` or `bridge` is asked, to show it as JSON. */
  readonly shown: readonly string[];
}

/** A request that no check has seen. */
export function rawRequest<H, A>(
  codec: BodyCodec<H, A>,
  type: number,
  header: object,
  attributes: object,
  flags: number = NLM_F_CREATE | NLM_F_EXCL,
): Request<unknown> {
  // What is no specification is written here on purpose.
  const value = { header, attributes } as Body<H, A>;
  return requestOf({ operation: 'raw', type, flags, codec, value });
}

/** Throws what sending it would, before anything is sent. */
export function encodeAll(attempt: () => Request<unknown>): Uint8Array {
  const request = attempt();
  const out = new Writer(request.measure());
  request.encode(out);
  return out.bytes;
}

export function refusal(attempt: () => Request<unknown>): ValueError {
  try {
    encodeAll(attempt);
  } catch (error) {
    if (error instanceof ValueError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

interface Bench {
  readonly ns: TestNamespace;
  readonly connection: Connection;
}

/** One test for each case: it is refused by its path, and the kernel, which is asked past the check, does not do it. */
export function ignoredCases(bench: () => Bench, subject: Subject): void {
  const look = (): unknown => {
    const [program = 'ip', ...args] = subject.shown;
    const told = execFileSync(program, ['-n', bench().ns.name, '-j', '-d', ...args], { encoding: 'utf8' });
    return same(stable(JSON.parse(told.trim() || '[]')));
  };
  const after = async (header: object, attributes: object): Promise<unknown> => {
    await bench().connection.request(subject.raw(header, attributes));
    const seen = look();
    if (subject.undo !== undefined) await bench().connection.request(subject.undo());
    return seen;
  };
  let without: unknown;
  const plain = async (): Promise<unknown> => (subject.undo === undefined ? look() : await after({}, {}));
  test(`${subject.title}: without any of these it is let through`, () => {
    expect(encodeAll(() => subject.checked({})).length).toBeGreaterThan(0);
  });
  test.each(subject.cases().map((each) => [each.path, each] as const))(`${subject.title}: %s`, async (path, each) => {
    const { spec, header = {}, attributes = {} } = each;
    expect(refusal(() => subject.checked(spec)).path).toBe(path);
    without ??= await plain();
    expect(await after(header, attributes), 'as if it had not been asked for').toEqual(without);
  });
}

/** Of two veth pairs that are made one after the other. */
const OF_EACH = new Set(['ifindex', 'link_index', 'address']);

/** The same without what two links of the same specification differ in. */
function same(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(same);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, member]) => !(OF_EACH.has(key) && (key !== 'address' || 'link_type' in value)) && member !== null)
      .map(([key, member]) => [key, same(member)]),
  );
}
