import type { LinkAttributes } from './attributes.ts';
import type { BridgePort } from './bridge-port.ts';
import type { LinkFlags } from './header.ts';
import type { fixed, forgotten, toldOnly } from './ignored.ts';
import type { LinkData, LinkKind, PortData } from './link.ts';

/** Attributes that a request may carry beside the link's kind. */
type Plain = Omit<LinkAttributes, 'linkinfo' | 'unknown' | keyof typeof toldOnly>;

type KindAndData =
  | { readonly [K in LinkKind]: { readonly kind: K; readonly data?: LinkData<K> } }[LinkKind]
  /** A kind without a table; the data is written as it is. */
  | { readonly kind: string; readonly data?: Uint8Array };

/**
 * What a new link can be given. The kernel takes an alias, alternative names, `carrier`, `protocolDown` and some more (see
 * `ignored.ts`) in the same message and forgets them without an error, so they are not here: `change` and
 * `addAltNames` set them.
 *
 * `netnsFd` or `netnsPid` make it in another namespace; `linkNetnsId` says in which one its `parent` is.
 */
export type NewLink = Omit<Plain, keyof typeof forgotten> &
  KindAndData & { readonly name: string; readonly index?: number; readonly flags?: LinkFlags };

/** Only what is mentioned changes. `data` needs its `kind`; what is fixed when a link is made is not here. */
export type LinkChange = Omit<Plain, keyof typeof fixed> & {
  readonly flags?: LinkFlags;
  /**
   * Settings as a port of a bridge: of a port selected by index, and by themselves. The kernel takes them in a message
   * about other things too and forgets them where the link is no port yet; sent alone, it says EOPNOTSUPP.
   */
  readonly port?: BridgePort;
  /** Settings as a port of a bond. The kernel forgets them without an error where the link is no port. */
  readonly bondPort?: Pick<PortData<'bond'>, 'queueId' | 'priority'>;
} & (
    | { readonly kind?: never; readonly data?: never }
    | { readonly [K in LinkKind]: { readonly kind: K; readonly data: LinkData<K> } }[LinkKind]
    /** Of a kind that is not known before run time. */
    | { readonly kind: LinkKind; readonly data: LinkData<LinkKind> }
  );
