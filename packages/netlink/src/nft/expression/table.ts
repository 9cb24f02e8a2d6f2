import { attributes } from '../../codec/attributes.ts';
import type { Codec, Infer } from '../../codec/codec.ts';
import { nested } from '../../codec/nested.ts';
import { select } from '../../codec/select.ts';
import { cstring } from '../../codec/text.ts';
import { NFTA_EXPR_DATA, NFTA_EXPR_NAME } from '../../uapi/nf-tables-expr.ts';

type Kinds = Readonly<Record<string, Codec<unknown>>>;

/** An expression of one of the kinds; or of another, as bytes, which are written back. */
export type ExpressionOf<K extends Kinds> =
  | { readonly [N in keyof K]: { readonly name: N; readonly data?: Infer<K[N]> } }[keyof K]
  | { readonly name: string; readonly data?: Uint8Array };

/** NFTA_EXPR_NAME and NFTA_EXPR_DATA, the latter read and written by the table of that name. */
export function expressionTable<const K extends Kinds>(kinds: K): Codec<ExpressionOf<K>> {
  const wire = attributes(() => ({ name: [NFTA_EXPR_NAME, cstring], data: [NFTA_EXPR_DATA, select('name', kinds)] }));
  // The select ties the data to the name, which the compiler cannot follow; the kernel never leaves the name out.
  return nested(wire as unknown as Codec<ExpressionOf<K>>);
}
