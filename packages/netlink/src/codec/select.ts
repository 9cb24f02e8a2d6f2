import { NLA_F_NESTED } from '../uapi/netlink.ts';
import type { Codec, Infer } from './codec.ts';
import { ValueError } from './error.ts';
import { bytes } from './scalar.ts';

type Cases = Readonly<Record<string, Codec<unknown>>>;

/** A payload whose codec is chosen by a sibling attribute, as `linkinfo.kind` chooses that of `linkinfo.data`. */
export interface Selected {
  readonly selector: string;
}

/**
 * `select('kind', { vxlan, bridge })`. What a selector outside the cases chooses is read and written as bytes, so that
 * a foreign link's data survives.
 */
export function select<const C extends Cases>(
  selector: string,
  cases: C,
  options?: { readonly flagged: boolean },
): Codec<Infer<C[keyof C]> | Uint8Array> & Selected {
  const chosen = new Map<string, Codec<unknown>>(Object.entries(cases));
  const codecOf = (owner: object | undefined): Codec<unknown> | undefined =>
    chosen.get(String((owner as Record<string, unknown> | undefined)?.[selector]));
  const writable = (value: unknown, owner: object | undefined): Codec<unknown> => {
    if (value instanceof Uint8Array) return bytes;
    const codec = codecOf(owner);
    if (codec !== undefined) return codec;
    const given = String((owner as Record<string, unknown> | undefined)?.[selector]);
    throw new ValueError(`no table for ${selector} ${given}; there are ${[...chosen.keys()].join(', ')}`);
  };
  return {
    selector,
    ...(options?.flagged === false ? {} : { typeFlags: NLA_F_NESTED }),
    measure: (value, owner) => writable(value, owner).measure(value),
    write: (value, out, owner) => writable(value, owner).write(value, out),
    // The case that was chosen made the value, which the compiler cannot follow.
    read: (input, start, end, owner) => (codecOf(owner) ?? bytes).read(input, start, end) as Infer<C[keyof C]>,
  };
}
