import { expect, test } from 'vitest';
import { parseQcow2, unfitness } from './qcow2.ts';

/** A header of version 3 with some fields set. */
function header(change: (view: DataView) => void = () => {}): Uint8Array {
  const bytes = new Uint8Array(512);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x514649fb);
  view.setUint32(4, 3);
  view.setBigUint64(24, 10n << 30n);
  change(view);
  return bytes;
}

test('a header says how large the disk is', () => {
  expect(parseQcow2(header())).toEqual({
    virtualSize: 10 * 2 ** 30,
    backed: false,
    dataElsewhere: false,
    encrypted: false,
  });
  expect(parseQcow2(header((view) => view.setUint32(0, 0)))).toBeUndefined();
  expect(parseQcow2(new Uint8Array(10))).toBeUndefined();
});

test.each<[string, Uint8Array, 'qcow2' | 'raw', RegExp | undefined]>([
  ['a plain one', header(), 'qcow2', undefined],
  ['one with a base', header((view) => view.setBigUint64(8, 512n)), 'qcow2', /overlay of another file/],
  ['one with its data elsewhere', header((view) => view.setBigUint64(72, 4n)), 'qcow2', /data in another file/],
  ['an encrypted one', header((view) => view.setUint32(32, 2)), 'qcow2', /encrypted/],
  ['one that is none', new Uint8Array(512), 'qcow2', /no qcow2 image/],
  ['one given as raw', header(), 'raw', /is a qcow2 image/],
  ['a raw one', new Uint8Array(512), 'raw', undefined],
  ['a raw one of nothing', new Uint8Array(0), 'raw', undefined],
])('%s', (_title, head, format, why) => {
  if (why === undefined) expect(unfitness(head, format)).toBeUndefined();
  else expect(unfitness(head, format)).toMatch(why);
});
