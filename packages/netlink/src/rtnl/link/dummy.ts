import { attributes } from '../../codec/attributes.ts';

/** The kinds "dummy", "ifb" and "wireguard" have no data of their own; WireGuard is configured by generic netlink. */
export const dummy = attributes(() => ({}));
export const ifb = attributes(() => ({}));
export const wireguard = attributes(() => ({}));
