import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect } from 'vitest';
import { Writer } from '../../src/codec/writer.ts';
import type { Request } from '../../src/index.ts';

/** One of our requests, which message class of pyroute2 reads it, and what it reads. */
export interface Row {
  readonly title: string;
  /** Below `pyroute2.netlink`. */
  readonly reader: string;
  readonly request: Request<unknown>;
  readonly header: Readonly<Record<string, unknown>>;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** nlmsghdr and payload, as pyroute2 reads a message. */
function messageOf(request: Request<unknown>): string {
  const out = new Writer(16 + request.measure());
  out.view.setUint32(0, out.bytes.byteLength, true);
  out.view.setUint16(4, request.type, true);
  out.offset = 16;
  request.encode(out);
  return Buffer.from(out.bytes).toString('hex');
}

export function expectReads(rows: readonly Row[]): void {
  const input = JSON.stringify(rows.map(({ reader, request }) => ({ reader, hex: messageOf(request) })));
  // Debian's own interpreter: another one may be first in the path and lack the package.
  const output = execFileSync('/usr/bin/python3', [join(import.meta.dirname, '../pyroute2-reader.py')], {
    input,
    encoding: 'utf8',
  });
  const read = JSON.parse(output) as readonly object[];
  expect(read).toHaveLength(rows.length);
  for (const [index, { title, header, attributes }] of rows.entries()) {
    expect.soft(read[index], title).toMatchObject({ header, attributes });
  }
}
