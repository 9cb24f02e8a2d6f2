/** A terminal that can hand over each key as it is pressed; `process.stdin` is one when it is a terminal. */
interface RawCapable {
  readonly isTTY: true;
  readonly isRaw: boolean;
  setRawMode(on: boolean): unknown;
}

export function isTerminal(stream: object): stream is RawCapable {
  return 'isTTY' in stream && stream.isTTY === true && 'setRawMode' in stream;
}

/** Keys go through as they are, Ctrl-C too, until this is disposed. Does nothing to what is no terminal. */
export function rawMode(stdin: object): Disposable {
  if (!isTerminal(stdin)) return { [Symbol.dispose]() {} };
  const before = stdin.isRaw;
  stdin.setRawMode(true);
  return {
    [Symbol.dispose]() {
      stdin.setRawMode(before);
    },
  };
}
