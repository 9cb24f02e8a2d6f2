import type { Codec } from './codec.ts';

/** An attribute that may come several times among its siblings, such as IFLA_BRIDGE_VLAN_INFO: its value is a list. */
export interface Repeated<T> extends Codec<readonly T[]> {
  readonly element: Codec<T>;
}

/** Only of use as a member of `attributes`, which writes one attribute for each element. */
export function repeated<T>(element: Codec<T>): Repeated<T> {
  const misplaced = (): never => {
    throw new TypeError('repeated() is a member of attributes() and nothing else');
  };
  return { element, measure: misplaced, write: misplaced, read: misplaced };
}
