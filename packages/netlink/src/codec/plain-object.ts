/** Makes empty plain objects, to be filled member by member. */
export type Maker = new () => Record<string, unknown>;

/**
 * `{}` has room for four members, and each further three are in a list of their own that is copied when it grows. V8 gives
 * the objects of one constructor as much room as its first ones came to need, so each table and struct has one. Their
 * prototype is that of all plain objects, and so nobody can tell.
 */
export function plainObjects(): Maker {
  function Plain(this: unknown): void {
    // Its members come later.
  }
  Plain.prototype = Object.prototype;
  // A function of the old kind, because the prototype of a class cannot be set.
  return Plain as unknown as Maker;
}
