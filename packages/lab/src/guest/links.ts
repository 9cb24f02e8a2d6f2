/** What a guest sees of one of its NICs. */
export interface GuestLink {
  readonly index: number;
  readonly name: string;
  readonly mac: string;
}

export interface GuestRoute {
  /** `address/prefix` */
  readonly to: string;
  readonly via: string;
  /** The kernel's preference among equal routes, 0 first. */
  readonly metric?: number;
}

/** How one NIC is to be. What is not mentioned here is taken off it. */
export interface WantedLink {
  readonly name: string;
  readonly mtu?: number;
  /** `address/prefix` */
  readonly addresses: readonly string[];
  readonly routes: readonly GuestRoute[];
}

/** The guest's own kernel, as far as a guest configures it. */
export interface GuestLinks {
  list(): Promise<readonly GuestLink[]>;
  /** Idempotent: a NIC that is as wanted is left alone. */
  configure(index: number, wanted: WantedLink): Promise<void>;
}
