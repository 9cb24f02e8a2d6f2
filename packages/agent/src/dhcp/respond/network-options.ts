import { broadcastOf, netmaskOfPrefix, parseIpv4, parseSubnet, type Subnet } from '@kcore/contract';
import type { DhcpNetwork, DhcpRawOption } from '../../model/dhcp-network.ts';
import { type OptionName, type OptionValue, option, optionCode } from '../codec/options.ts';
import type { RawOption } from '../codec/packet.ts';
import type { ClasslessRoute } from '../codec/routes.ts';

/** An option as configured; `always`: sent also to clients that do not ask for it. */
export interface ConfiguredOption extends RawOption {
  readonly always: boolean;
}

/** Options that are part of the protocol's conversation and cannot be configured. */
const PROTOCOL_OPTIONS: ReadonlySet<number> = new Set([0, 50, 51, 52, 53, 54, 55, 57, 61, 80, 82, 255]);
/** Changing how a client behaves, so only for those that say they understand: RFC 8925 §3.1, RFC 2563 §2. */
const ON_REQUEST_ONLY: ReadonlySet<number> = new Set([108, 116]);
/** From here on options are younger than clients that send no list of what they want. */
const FIRST_YOUNG_OPTION = 108;

const ROUTER = optionCode('router');
const STATIC_ROUTES = 33;
const CLASSLESS_ROUTES = optionCode('classlessRoutes');

/** Clients that understand option 121 ignore option 3, so the default route has to be in both (RFC 3442 §4). */
function routes(spec: DhcpNetwork): readonly ClasslessRoute[] {
  const given = (spec.routes ?? []).map(({ destination, via }) => {
    const { network, prefix } = parseSubnet(destination);
    return { destination: network, prefix, via: parseIpv4(via) };
  });
  const needsDefault = given.length > 0 && spec.router !== undefined && given.every((route) => route.prefix !== 0);
  return needsDefault ? [...given, { destination: 0, prefix: 0, via: parseIpv4(spec.router) }] : given;
}

/** A list or undefined as the value of an option that is left out when there is nothing to say. */
function given<T>(list: readonly T[] | undefined): readonly T[] | undefined {
  return list === undefined || list.length === 0 ? undefined : list;
}

class Settings {
  readonly list: ConfiguredOption[] = [];

  add<Name extends OptionName>(always: boolean, name: Name, value: OptionValue<Name> | undefined): this {
    if (value !== undefined) this.list.push({ ...option(name, value), always });
    return this;
  }
}

function named(spec: DhcpNetwork, subnet: Subnet): readonly ConfiguredOption[] {
  const router = spec.router === undefined ? undefined : [parseIpv4(spec.router)];
  const classless = given(routes(spec));
  return new Settings()
    .add(true, 'subnetMask', parseIpv4(netmaskOfPrefix(spec.prefix)))
    .add(true, 'router', router)
    .add(true, 'dns', given(spec.dns.map(parseIpv4)))
    .add(true, 'mtu', spec.mtu)
    .add(false, 'classlessRoutes', classless)
    .add(false, 'classlessRoutesMicrosoft', classless)
    .add(false, 'domain', spec.domain)
    .add(false, 'broadcast', broadcastOf(subnet))
    .add(false, 'ntp', given(spec.ntp?.map(parseIpv4)))
    .add(false, 'domainSearch', given(spec.search))
    .add(false, 'captivePortal', spec.captivePortal)
    .add(false, 'ipv6OnlyPreferred', spec.ipv6OnlySeconds).list;
}

/** @throws {TypeError} */
function bytesOf({ code, hex }: DhcpRawOption): Uint8Array {
  if (!/^([0-9a-fA-F]{2})*$/.test(hex)) throw new TypeError(`option ${code}: '${hex}' is not hexadecimal bytes`);
  return Uint8Array.from(Buffer.from(hex, 'hex'));
}

/** All that a network has to tell, by importance. An option by code replaces what has a name of its own. */
export function configuredOptions(spec: DhcpNetwork, subnet: Subnet, warnings: string[]): readonly ConfiguredOption[] {
  const raw: ConfiguredOption[] = [];
  for (const one of spec.options) {
    const { code } = one;
    if (!Number.isInteger(code) || code < 0 || code > 255) throw new TypeError(`option ${code}: codes are 1 to 254`);
    if (PROTOCOL_OPTIONS.has(code)) warnings.push(`option ${code}: is the protocol's own and cannot be set`);
    else raw.push({ code, value: bytesOf(one), always: !ON_REQUEST_ONLY.has(code) });
  }
  const replaced = new Set(raw.map(({ code }) => code));
  return [...named(spec, subnet).filter(({ code }) => !replaced.has(code)), ...raw];
}

/** Options with one code are parts of one value, so they stay together (RFC 3396). */
function withCode(options: readonly ConfiguredOption[], code: number): readonly ConfiguredOption[] {
  return options.filter((one) => one.code === code);
}

/**
 * What of them one client is told: first what it asks for, in its order (RFC 2132 §9.8), then what everybody is told.
 * Without a list it gets all that clients without one can know.
 */
export function optionsFor(options: readonly ConfiguredOption[], list: Uint8Array | undefined): readonly RawOption[] {
  if (list === undefined) return options.filter(({ code, always }) => always || code < FIRST_YOUNG_OPTION);
  const asked = new Set(list);
  const sent = [
    ...[...asked].flatMap((code) => withCode(options, code)),
    ...options.filter(({ code, always }) => always && !asked.has(code)),
  ];
  const classless = asked.has(CLASSLESS_ROUTES) && sent.some(({ code }) => code === CLASSLESS_ROUTES);
  // RFC 3442 §4: whoever is sent option 121 is not to be sent 3 and 33 too.
  return classless ? sent.filter(({ code }) => code !== ROUTER && code !== STATIC_ROUTES) : sent;
}
