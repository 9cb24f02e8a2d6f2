import { expect, test } from 'vitest';
import { findTools, kcoreProgram } from './programs.ts';

test('a tool that is missing is named with its Debian package', () => {
  // sbin is searched always; what is there on this machine cannot be missing.
  const tools = findTools();
  expect(tools.udhcpd).toMatch(/\/udhcpd$/);
  expect(() => findTools('', [])).toThrow('a lab needs nsenter and udhcpd and udhcpc, not found in PATH');
  expect(() => findTools('', [])).toThrow(
    expect.objectContaining({ details: { remedy: 'install on Debian: apt-get install util-linux udhcpd udhcpc' } }),
  );
});

test('the programs of the checkout are found beside the lab', () => {
  expect(kcoreProgram('kcore-agent')).toMatch(/packages\/agent\/bin\/kcore-agent\.js$/);
});
