import type { Ipv4Number } from '@kcore/contract';
import { option, optionCode } from '../codec/options.ts';
import { MESSAGE_TYPE, type RawOption } from '../codec/packet.ts';
import { encodeOptions } from '../codec/write-options.ts';
import { INFINITE_SECONDS } from '../leases/lease.ts';
import { type ConfiguredOption, optionsFor } from './network-options.ts';

/** What decides the options that a reply has in common with others. */
export interface ReplyKind {
  readonly type: 'offer' | 'ack';
  readonly server: Ipv4Number;
  /** Undefined where no lease is told. */
  readonly leaseSeconds: number | undefined;
  /** The ACK answers a DISCOVER (RFC 4039 §3). */
  readonly rapid: boolean;
  /** Option 55. */
  readonly list: Uint8Array | undefined;
}

export interface ReplyOptions {
  readonly options: readonly RawOption[];
  /** The same as bytes. */
  readonly block: Uint8Array;
}

interface Remembered extends ReplyKind {
  readonly reply: ReplyOptions;
}

/** Kinds of clients of one network at a time; what is not remembered is only slower. */
const MAX_REMEMBERED = 32;

const RENEWAL = optionCode('renewalTime');
const REBINDING = optionCode('rebindingTime');
const isTime = ({ code }: RawOption): boolean => code === RENEWAL || code === REBINDING;

/**
 * T1 and T2 are sent because some clients' own defaults differ; those of the configuration replace them, with the lease
 * and only with it. Source: RFC 2131 §4.4.5.
 */
function leaseTimes(seconds: number, configured: readonly RawOption[]): readonly RawOption[] {
  const lease = option('leaseTime', seconds);
  // A lease that never ends is never renewed.
  if (seconds === INFINITE_SECONDS) return [lease];
  const own = [option('renewalTime', Math.floor(seconds * 0.5)), option('rebindingTime', Math.floor(seconds * 0.875))];
  return [lease, ...own.map((time) => configured.find(({ code }) => code === time.code) ?? time)];
}

function compose(options: readonly ConfiguredOption[], kind: ReplyKind): ReplyOptions {
  const { type, server, leaseSeconds, rapid, list } = kind;
  const all = [
    option('messageType', MESSAGE_TYPE[type]),
    option('serverId', server),
    ...(leaseSeconds === undefined ? [] : leaseTimes(leaseSeconds, options.filter(isTime))),
    ...(rapid ? [option('rapidCommit', true)] : []),
    ...optionsFor(
      options.filter((one) => !isTime(one)),
      list,
    ),
  ];
  return { options: all, block: encodeOptions(all) };
}

function sameList(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
  return true;
}

function sameKind(a: ReplyKind, b: ReplyKind): boolean {
  return (
    a.type === b.type &&
    a.leaseSeconds === b.leaseSeconds &&
    a.server === b.server &&
    a.rapid === b.rapid &&
    sameList(a.list, b.list)
  );
}

/**
 * The options that replies of one kind have in common, each kind composed once: what clients ask for hardly differs, and
 * composing costs more than all the rest of a reply. A function of its arguments all the same.
 */
export function replyOptionsOf(options: readonly ConfiguredOption[]): (kind: ReplyKind) => ReplyOptions {
  const known: Remembered[] = [];
  const remember = (kind: ReplyKind, reply: ReplyOptions): void => {
    if (known.length >= MAX_REMEMBERED) known.length = 0;
    // The list is a view into a buffer that is filled again.
    known.push({ ...kind, list: kind.list?.slice(), reply });
  };
  return (kind) => {
    for (const one of known) if (sameKind(one, kind)) return one.reply;
    const reply = compose(options, kind);
    remember(kind, reply);
    return reply;
  };
}
