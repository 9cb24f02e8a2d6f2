/** One thing to make in a namespace; a topology is a list of them, in an order that works. */
export type Wiring =
  | { readonly kind: 'bridge'; readonly name: string }
  /** A wire: one end here, as a port of `master`, the other in the namespace at that path. Only this end is set up. */
  | {
      readonly kind: 'wire';
      readonly name: string;
      readonly master: string;
      readonly peer: { readonly name: string; readonly netns: string };
    }
  | { readonly kind: 'address'; readonly link: string; readonly address: string; readonly prefix: number }
  | { readonly kind: 'up'; readonly link: string }
  | { readonly kind: 'default-route'; readonly via: string };
