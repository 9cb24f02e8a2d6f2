/** The members that have a value: absent is not `undefined`. */
export function present<T extends Record<string, unknown>>(
  members: T,
): { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
} {
  const entries = Object.entries(members).filter(([, value]) => value !== undefined);
  // Object.entries forgets which member had which type.
  return Object.fromEntries(entries) as ReturnType<typeof present<T>>;
}
