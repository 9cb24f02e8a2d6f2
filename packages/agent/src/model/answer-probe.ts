/** A NIC that is asked whether its guest is there. */
export interface ProbeTarget {
  /** Tells one boot of a guest from the next. */
  readonly guest: string;
  readonly bridge: string;
  readonly mac: string;
  /** Dotted IPv4. */
  readonly address: string;
}

/** Finds out whether guests answer at their addresses, which says that their kernel and their network are up. */
export interface AnswerProbe extends AsyncDisposable {
  /** Asks these from now on, each guest at most once a second, and no others. */
  ask(targets: readonly ProbeTarget[]): void;
  /** Yields the guest of each target that answered; ends when the signal aborts. One reader. */
  answers(signal: AbortSignal): AsyncIterable<string>;
}
