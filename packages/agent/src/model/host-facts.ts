/** What compile must know of a host beyond what the controller said: all of it observed, none of it kcore's own. */
export interface HostFacts {
  readonly links: readonly HostLink[];
  /** Addresses on links that are not kcore's. */
  readonly addresses: readonly { readonly link: string; readonly address: string; readonly prefix: number }[];
  /** Routes that are not kcore's, in any table but local; default routes included, as `0.0.0.0/0`. */
  readonly routes: readonly {
    readonly table: number;
    readonly destination: string;
    readonly link?: string;
    readonly via?: string;
    readonly metric: number;
  }[];
  /** Foreign nftables base chains on forward and input, with what decides whether they drop what networks need. */
  readonly foreignBaseChains: readonly ForeignBaseChain[];
  readonly features: KernelFeatures;
  /** Whether net.ipv4.ip_forward, or forwarding of that link, was on before kcore touched it is not knowable later: see `forwarding` of each link. */
  readonly ipForward: boolean;
  /** net.bridge.bridge-nf-call-iptables; absent where br_netfilter is not loaded. */
  readonly bridgeCallsIptables?: boolean;
}

export interface HostLink {
  readonly name: string;
  readonly index: number;
  /** `ether` devices without a kind have none: physical NICs. */
  readonly kind?: string;
  readonly mac?: string;
  readonly mtu: number;
  readonly up: boolean;
  readonly master?: string;
  readonly forwarding: boolean;
  /** kcore made it. */
  readonly owned: boolean;
}

export interface ForeignBaseChain {
  readonly family: string;
  readonly table: string;
  readonly chain: string;
  readonly hook: 'forward' | 'input';
  readonly policy: 'accept' | 'drop';
  /** nft or an iptables-nft table; for the remedy's wording. */
  readonly rules: number;
}

/** Probed once at start. A missing one becomes a condition on the networks that need it. */
export interface KernelFeatures {
  readonly bridge: boolean;
  readonly vlan: boolean;
  readonly vxlan: boolean;
  readonly nftNat: boolean;
  readonly nftBridge: boolean;
}
