import type { AttributeSet, AttributeValues, Shape } from './attributes.ts';
import type { Codec } from './codec.ts';
import { MalformedError, named } from './error.ts';

/** What follows nlmsghdr: a family's own fixed header, aligned to four, and its attributes. */
export interface Body<H, A> {
  readonly header: H;
  readonly attributes: A;
}

/** `body(ifinfomsg, linkAttributes)`: the codec of a whole message payload. */
export function body<H, S extends Shape>(
  header: Codec<H> & { readonly fixed: number },
  set: AttributeSet<S>,
): Codec<Body<H, AttributeValues<S>>> {
  const headerLength = (header.fixed + 3) & ~3;
  return {
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
