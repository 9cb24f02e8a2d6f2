import type { AttributeSet, AttributeValues, Shape } from './attributes.ts';
import type { Codec } from './codec.ts';
import { MalformedError, named } from './error.ts';

/** What follows nlmsghdr: a family's own fixed header, aligned to four, and its attributes. */
export interface Body<H, A> {
  readonly header: H;
  readonly attributes: A;
}

/** The codec of a whole message payload. */
export interface BodyCodec<H, A> extends Codec<Body<H, A>> {
  /** Of the aligned header; the attributes begin there. Bytes. */
  readonly headerLength: number;
  /** The attributes' own table. */
  readonly shape: Shape;
}

/** `body(ifinfomsg, linkAttributes)`. */
export function body<H, S extends Shape>(
  header: Codec<H> & { readonly fixed: number },
  set: AttributeSet<S>,
): BodyCodec<H, AttributeValues<S>> {
  const headerLength = (header.fixed + 3) & ~3;
  return {
    headerLength,
    get shape() {
      return set.shape;
    },
    measure: (value) => headerLength + set.measure(value.attributes),
    write(value, out) {
      try {
        header.write(value.header, out);
      } catch (error) {
        throw named('header', error);
      }
      out.align();
      set.write(value.attributes, out);
    },
    read(input, start, end) {
      if (end - start < header.fixed) {
        throw new MalformedError(`header at offset ${start}: ${end - start} bytes instead of ${header.fixed}`);
      }
      return {
        header: header.read(input, start, start + header.fixed),
        attributes: set.read(input, Math.min(start + headerLength, end), end),
      };
    },
  };
}
