import type { AttributeSet, AttributeValues, Shape } from '../codec/attributes.ts';
import { type Body, body } from '../codec/body.ts';
import type { Codec } from '../codec/codec.ts';
import { u8 } from '../codec/scalar.ts';
import { pad, struct } from '../codec/struct.ts';

/** `struct genlmsghdr`. Source: include/uapi/linux/genetlink.h. */
const genlmsghdr = struct({ command: u8, version: u8, padding: pad(2) });
interface GenlHeader {
  readonly command: number;
  readonly version: number;
}

/** A message of a family: genlmsghdr, then attributes. Families with a header of their own are not known. */
export type GenlBody<S extends Shape> = Body<GenlHeader, AttributeValues<S>>;

export function genlBody<S extends Shape>(set: AttributeSet<S>): Codec<GenlBody<S>> {
  return body(genlmsghdr, set);
}
