import type { Ipv4Number } from '@kcore/contract';

/** Option 51 of a lease that never ends. Source: RFC 2131 §3.3. */
export const INFINITE_SECONDS = 0xffff_ffff;
/** `expiresAt` of a lease that never ends, milliseconds since 1970: the last second that RFC 3339 can write. */
export const INFINITE_EXPIRY = Date.UTC(9999, 11, 31, 23, 59, 59);

/** What a client was told, durable before it was told. */
export interface Lease {
  readonly network: string;
  /** Who holds it, as the table tells clients apart; absent: its MAC (see respond/identity.ts). */
  readonly client?: string;
  readonly mac: string;
  readonly address: Ipv4Number;
  /** Milliseconds since 1970; in the past for a lease that expired or was released. */
  readonly expiresAt: number;
  /** Its holder ended it before its time. */
  readonly released?: true;
  /** A lease that came from a binding or reservation ends with it. */
  readonly origin: 'binding' | 'dynamic';
  readonly hostname?: string;
  /** Option 61 in hexadecimal. */
  readonly clientId?: string;
}

/** A change of the lease store, absolute: applying it twice is harmless. */
export type LeaseChange =
  | { readonly change: 'lease'; readonly lease: Lease }
  | { readonly change: 'forget'; readonly network: string; readonly address: Ipv4Number }
  | {
      readonly change: 'quarantine';
      readonly network: string;
      readonly address: Ipv4Number;
      /** Who said that the address is in use. */
      readonly mac: string;
      readonly expiresAt: number;
    };

/** An address promised for a short while; in memory only. */
export interface Offer {
  /** As of a lease. */
  readonly client?: string;
  readonly mac: string;
  readonly address: Ipv4Number;
  readonly expiresAt: number;
  /** Nobody on the link answered to the address, or there is no need to ask. */
  readonly checked: boolean;
}

/** What stands in the way of an address, also after it has expired. */
export type Holding =
  | ({ readonly kind: 'lease' } & Lease)
  | ({ readonly kind: 'offer' } & Offer)
  | {
      readonly kind: 'quarantine';
      /** Never set: a quarantine belongs to nobody. */
      readonly client?: never;
      readonly mac: string;
      readonly address: Ipv4Number;
      readonly expiresAt: number;
    };

/** The key under which the table knows a holder. */
export function clientOf(holding: { readonly client?: string; readonly mac: string }): string {
  return holding.client ?? holding.mac;
}

/** The leases of one network as `respond` sees them. */
export interface LeaseView {
  /** The lease (active or expired) or offer of a client. */
  ofClient(client: string): Holding | undefined;
  at(address: Ipv4Number): Holding | undefined;
  /** The lowest address of the range that nobody holds or held. */
  fresh(first: Ipv4Number, last: Ipv4Number, usable: (address: Ipv4Number) => boolean): Ipv4Number | undefined;
  /** Of the holdings in the range whose time is over, the one that has been so for longest. */
  oldestExpired(
    first: Ipv4Number,
    last: Ipv4Number,
    usable: (address: Ipv4Number) => boolean,
    now: number,
  ): Holding | undefined;
  /** How many addresses are promised and not leased yet. */
  offers(now: number): number;
  /** How many addresses nobody may have because a client found them in use. */
  quarantined(now: number): number;
}
