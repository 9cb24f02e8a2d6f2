import { alreadyExists, isPublicKeyText, NAME_PATTERN, notFound, parsePublicKey, type SshKey } from '@kcore/contract';
import { keys } from '../store/rows.ts';
import type { Transaction } from '../store/store.ts';
import { type Context, createdAt } from './context.ts';
import { type Reader, valuesOf } from './lookup.ts';
import { checkName } from './name-rules.ts';

/** @throws {KcoreError} InvalidArgument for what is no public key; AlreadyExists */
export function createSshKey(tx: Transaction, context: Context, name: string, publicKey: string): SshKey {
  checkName('ssh key', name);
  const parsed = parsePublicKey(publicKey, 'publicKey');
  if (tx.get(keys.sshKey(name)) !== undefined) {
    throw alreadyExists(`ssh key '${name}' already exists`, { remedy: `kctl delete ssh-key ${name}, or another name` });
  }
  const key: SshKey = { name, publicKey: parsed, createdAt: createdAt(context) };
  tx.put(keys.sshKey(name), key);
  return key;
}

export function listSshKeys(reader: Reader): SshKey[] {
  return valuesOf<SshKey>(reader, keys.sshKeys);
}

/** VMs that have it keep it: what it stood for is written in them. @throws {KcoreError} NotFound */
export function deleteSshKey(tx: Transaction, name: string): { name: string } {
  if (tx.get(keys.sshKey(name)) === undefined) throw notFound(`ssh key '${name}' not found`);
  tx.delete(keys.sshKey(name));
  return { name };
}

/** Keys that a VM asked for before, and what they stood for. */
interface Known {
  readonly sshKeys: readonly string[];
  readonly authorizedKeys?: readonly string[];
}

/**
 * The public keys that literals and names stand for, one for each. A name that is gone stands for what it did when the
 * VM was given it.
 * @throws {KcoreError} InvalidArgument for what is neither; NotFound for a name that nobody gave.
 */
export function authorizedKeysOf(reader: Reader, wanted: readonly string[], known?: Known): string[] {
  return wanted.map((text, index) => {
    const field = `spec.sshKeys.${index}`;
    if (isPublicKeyText(text) || !NAME_PATTERN.test(text)) return parsePublicKey(text, field);
    const stored = reader.get<SshKey>(keys.sshKey(text))?.value.publicKey;
    const before = known?.authorizedKeys?.[known.sshKeys.indexOf(text)];
    const found = stored ?? before;
    if (found !== undefined) return found;
    throw notFound(`${field}: ssh key '${text}' not found`, {
      field,
      remedy: `kctl create ssh-key ${text} --file FILE.pub, or give the public key itself`,
    });
  });
}
