import { DEFAULT_NETWORK, invalidArgument, NAME_PATTERN } from '@kcore/contract';

/** @throws {KcoreError} InvalidArgument */
export function checkName(kind: 'network' | 'VM' | 'node' | 'ssh key', name: string): void {
  if (NAME_PATTERN.test(name)) return;
  const tooLong = name.length > 63 && /^[A-Za-z0-9_-]+$/.test(name);
  throw invalidArgument(
    tooLong
      ? `${kind} name must be at most 63 characters long`
      : `${kind} name must contain only letters, digits, '-' or '_'`,
    { field: 'metadata.name' },
  );
}

/** @throws {KcoreError} InvalidArgument */
export function checkNotReserved(name: string): void {
  if (name !== DEFAULT_NETWORK) return;
  throw invalidArgument(`network name '${DEFAULT_NETWORK}' is reserved; configure it via controller defaultNetwork`, {
    field: 'metadata.name',
  });
}

/** Bytes, without what the kernel does not take in an interface name. Source: dev_valid_name() in net/core/dev.c. */
export function checkLinkName(name: string, field: string): void {
  if (Buffer.byteLength(name) <= 15 && name !== '' && name !== '.' && name !== '..' && !/[/:\s]/.test(name)) return;
  throw invalidArgument(`${field}: '${name}' is not the name of a network interface`, { field });
}
