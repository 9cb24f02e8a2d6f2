/** Leaves out the members that were not given, so that absent stays absent on the wire. */
export function present<T extends object>(members: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as T;
}

/** Applies `parse` to a flag that was given. */
export function given<T>(text: string | undefined, parse: (text: string) => T): T | undefined {
  return text === undefined ? undefined : parse(text);
}

export function givenEach<T>(texts: readonly string[] | undefined, parse: (text: string) => T): T[] | undefined {
  return texts?.map(parse);
}
