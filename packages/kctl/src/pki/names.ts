import { invalidArgument, NAME_PATTERN } from '@kcore/contract';

/** Names go into URIs, file names and certificates, so they are held to the form of all other names. */
export function checkName(what: 'cluster' | 'node' | 'admin', name: string): void {
  if (NAME_PATTERN.test(name)) return;
  throw invalidArgument(`${what} name must contain only letters, digits, '-' or '_', and at most 63 of them`, {
    field: 'name',
  });
}
