import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Codec, decode, inputOf } from '../codec/codec.ts';
import type { RawMessage } from '../message/message.ts';

/** Something that reads bytes of the kernel: a codec, a function of messages, or what a list makes of its messages. */
export interface Decoder {
  /** `rtnl/fdb.ts fdb.list` */
  readonly name: string;
  /** @throws {MalformedError} And nothing else, whatever the bytes. */
  readonly run: (bytes: Uint8Array, type: number) => unknown;
}

/**
 * Finds every decoder that a module of this package exports, so that none is forgotten: objects that `read` and `write`,
 * functions called `decode…` of one message, and `list…` builders whose request has a `decode`.
 */
export async function everyDecoder(): Promise<readonly Decoder[]> {
  const root = path.join(import.meta.dirname, '..');
  const files = (await readdir(root, { recursive: true })).filter(
    (file) => file.endsWith('.ts') && !/\.test\.ts$|\.d\.ts$|^testing/.test(file) && file !== 'index.ts',
  );
  const found: Decoder[] = [];
  for (const file of files.sort()) {
    const module = (await import(pathToFileURL(path.join(root, file)).href)) as Readonly<Record<string, unknown>>;
    for (const [name, exported] of Object.entries(module)) found.push(...decodersOf(`${file} ${name}`, exported));
  }
  return found;
}

function decodersOf(name: string, exported: unknown): readonly Decoder[] {
  if (isCodec(exported)) return [{ name, run: (bytes) => decode(exported, bytes) }];
  if (typeof exported === 'function') return ofMessages(name, exported);
  if (typeof exported !== 'object' || exported === null) return [];
  return Object.entries(exported).flatMap(([member, value]) => ofMember(`${name}.${member}`, member, value));
}

function ofMember(name: string, member: string, value: unknown): readonly Decoder[] {
  // Tables of codecs and of lines of attributes: `{ vxlan, bridge }`, `{ mtu: [IFLA_MTU, u32] }`.
  if (isCodec(value)) return [{ name, run: (bytes) => decode(value, bytes) }];
  if (typeof value !== 'function' || !member.startsWith('list')) return [];
  try {
    const request = value({}) as { readonly decode?: (message: RawMessage) => unknown };
    const { decode: item } = request;
    return item === undefined ? [] : [{ name, run: (bytes, type) => item(messageOf(bytes, type)) }];
  } catch {
    // It needs an argument; the codec that it reads with is found by itself.
    return [];
  }
}

function ofMessages(name: string, exported: { readonly length: number }): readonly Decoder[] {
  const [, called = ''] = name.split(' ');
  if (exported.length !== 1 || !/^decode[A-Z]/.test(called)) return [];
  const read = exported as (message: RawMessage) => unknown;
  return [{ name, run: (bytes, type) => read(messageOf(bytes, type)) }];
}

/** `repeated` is a part of a table and no codec by itself. */
function isCodec(value: unknown): value is Codec<unknown> {
  if (typeof value !== 'object' || value === null || 'element' in value) return false;
  return ['read', 'write', 'measure'].every((name) => typeof (value as Record<string, unknown>)[name] === 'function');
}

function messageOf(bytes: Uint8Array, type: number): RawMessage {
  return { type, flags: 0, sequence: 1, portId: 0, input: inputOf(bytes), start: 0, end: bytes.byteLength };
}
