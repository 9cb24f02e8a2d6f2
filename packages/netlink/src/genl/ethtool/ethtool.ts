import type { AttributeSet, Shape } from '../../codec/attributes.ts';
import { type RawMessage, readBody } from '../../message/message.ts';
import type { DumpRequest, Request } from '../../message/request.ts';
import type { GenlDefinition, GenlMessages } from '../family.ts';
import { genlBody } from '../header.ts';
import { strings } from './strings.ts';
import { type EthtoolTopic, type EthtoolValue, topics } from './topics.ts';

/** A link by its index or its name. */
export type EthtoolSelector = { readonly index: number } | { readonly name: string };

/** How a reply is to be. */
export interface EthtoolDetail {
  /** Words of bits in place of a list with names: shorter, and to be read with the strings of the link. */
  readonly compactBitsets?: boolean;
  readonly statistics?: boolean;
}

type Changeable = { [T in EthtoolTopic]: (typeof topics)[T] extends { change: number } ? T : never }[EthtoolTopic];
/** What can be set of a topic; the link is named apart. */
export type EthtoolChange<T extends Changeable> = Omit<EthtoolValue<T>, 'header' | 'unknown'>;

/** What happened to a link's settings. */
export type EthtoolEvent = {
  readonly [T in EthtoolTopic]: { readonly topic: T; readonly value: EthtoolValue<T> };
}[EthtoolTopic];

/** The requests of the ethtool family, which `openFamily` resolves with. */
export interface EthtoolRequests {
  /** EOPNOTSUPP: the link's driver has nothing to tell of it. */
  get<T extends EthtoolTopic>(
    topic: T,
    link: EthtoolSelector,
    detail?: EthtoolDetail,
  ): Request<EthtoolValue<T> | undefined>;
  /**
   * The strings of a set (ETH_SS_*) by index, of the kernel or of a link's driver: `FEATURE_NAMES` names the bits of
   * features, which notifications tell by index.
   */
  strings(set: number, link?: EthtoolSelector): Request<readonly string[]>;
  /** Of all links whose drivers tell of it. */
  list<T extends EthtoolTopic>(topic: T, detail?: EthtoolDetail): DumpRequest<EthtoolValue<T>>;
  /** Only what is mentioned changes. EOPNOTSUPP, EINVAL: the driver does not do it. */
  change<T extends Changeable>(topic: T, link: EthtoolSelector, wanted: EthtoolChange<T>): Request<void>;
  /**
   * Switches features by name, `tx-checksum-ip-generic` and such. The kernel answers success also where it left one as
   * it was: resolves with the names of those.
   */
  changeFeatures(link: EthtoolSelector, wanted: Readonly<Record<string, boolean>>): Request<readonly string[]>;
}

/** Settings of links' drivers, as ethtool(8) has them. Source: include/uapi/linux/ethtool_netlink.h. */
export const ethtool: GenlDefinition<EthtoolRequests, EthtoolEvent> = {
  name: 'ethtool',
  version: 1,
  requests: ethtoolRequests,
  event: eventOf,
};

/** The tables of all topics are read alike; which one it is follows from the topic, which the compiler cannot see. */
function setOf(topic: EthtoolTopic): AttributeSet<Shape> {
  return topics[topic].set as unknown as AttributeSet<Shape>;
}

function headerOf(link: EthtoolSelector | undefined, { compactBitsets, statistics }: EthtoolDetail): object {
  const flags = {
    ...(compactBitsets === true ? { compactBitsets } : {}),
    ...(statistics === true ? { statistics } : {}),
  };
  if (link !== undefined && 'index' in link && !(link.index > 0))
    throw new RangeError(`${link.index} is no link's index`);
  return { header: { ...link, ...(Object.keys(flags).length === 0 ? {} : { flags }) } };
}

function textOf(link: EthtoolSelector): string {
  return 'index' in link ? `#${link.index}` : link.name;
}

function ethtoolRequests(messages: GenlMessages): EthtoolRequests {
  const changeOf = (topic: Changeable, link: EthtoolSelector, wanted: object) => ({
    operation: `change ${topic} of link ${textOf(link)} (${Object.keys(wanted).join(', ')})`,
    command: topics[topic].change,
    set: setOf(topic),
    attributes: { ...headerOf(link, {}), ...wanted },
  });
  return {
    get<T extends EthtoolTopic>(topic: T, link: EthtoolSelector, detail: EthtoolDetail = {}) {
      return messages.query({
        operation: `get ${topic} of link ${textOf(link)}`,
        command: topics[topic].get,
        set: setOf(topic),
        attributes: headerOf(link, detail),
        replySet: setOf(topic),
        // The table of the topic made it.
        result: (reply) => reply as EthtoolValue<T> | undefined,
      });
    },
    strings: (set, link) =>
      messages.query({
        operation: `get strings ${set}${link === undefined ? '' : ` of link ${textOf(link)}`}`,
        command: topics.strings.get,
        set: strings,
        attributes: { header: { ...link }, sets: [{ id: set }] },
        replySet: strings,
        result: (reply) => stringsOf(reply, set),
      }),
    list<T extends EthtoolTopic>(topic: T, detail: EthtoolDetail = {}) {
      return messages.dump({
        operation: `list ${topic} of links`,
        command: topics[topic].get,
        set: setOf(topic),
        attributes: headerOf(undefined, detail),
        replySet: setOf(topic),
      }) as unknown as DumpRequest<EthtoolValue<T>>;
    },
    change: (topic, link, wanted) => messages.act(changeOf(topic, link, wanted)),
    changeFeatures(link, wanted) {
      const bits = Object.entries(wanted).map(([name, value]) => ({ name, value }));
      if (bits.length === 0) throw new RangeError(`change features of link ${textOf(link)}: none is named`);
      return messages.query({
        ...changeOf('features', link, { wanted: { list: false, compact: false, bits } }),
        replySet: setOf('features'),
        // The table of the topic made it.
        result: (reply) => unmet(reply as EthtoolValue<'features'> | undefined),
      });
    },
  };
}

/** The mask of `wanted` in the reply has what was wanted and is not so. */
function unmet(reply: EthtoolValue<'features'> | undefined): readonly string[] {
  return (reply?.wanted?.bits ?? []).flatMap(({ name }) => name ?? []);
}

function eventOf(command: number, message: RawMessage): EthtoolEvent | undefined {
  for (const topic of Object.keys(topics) as EthtoolTopic[]) {
    const { notified } = topics[topic] as { readonly notified?: number };
    if (notified !== command) continue;
    // The topic tells the table, which the compiler cannot follow.
    return { topic, value: readBody(genlBody(setOf(topic)), message).attributes } as EthtoolEvent;
  }
  return undefined;
}

function stringsOf(reply: EthtoolValue<'strings'> | undefined, set: number): readonly string[] {
  const names: string[] = [];
  for (const { index = 0, value = '' } of reply?.sets?.find(({ id }) => id === set)?.strings ?? [])
    names[index] = value;
  return names;
}
