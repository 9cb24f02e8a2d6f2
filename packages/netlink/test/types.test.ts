import { describe, expectTypeOf, test } from 'vitest';
import {
  type AddressSpec,
  attributes,
  type Connection,
  dataOf,
  type Expression,
  type ExpressionData,
  expressionData,
  fdb,
  type Infer,
  type Link,
  type LinkChange,
  links,
  type MonitorEvent,
  type NewLink,
  type NftElement,
  nft,
  type Outcome,
  type QdiscSpec,
  type Request,
  type RouteEvent,
  type RouteSpec,
  type RuleSpec,
  type TransactionResult,
  type Vxlan,
} from '../src/index.ts';

/**
 * What the compiler promises to those who use the package. These hold or fail when `tsc -p tsconfig.test.json` looks at
 * this file; `@ts-expect-error` is an error itself where the line below it is right.
 */

declare const connection: Connection;
declare const link: Link;

/** Never called: what is in it is for the compiler. */
const onlyTyped = (_work: () => unknown): void => undefined;

describe('links', () => {
  test('the kind chooses the data', () => {
    const read = () => dataOf(link, 'vxlan');
    expectTypeOf<ReturnType<typeof read>>().toEqualTypeOf<Vxlan | undefined>();
    expectTypeOf<Vxlan['vni']>().toEqualTypeOf<number | undefined>();
    expectTypeOf<NewLink>().toMatchTypeOf<{ readonly name: string }>();
    onlyTyped(() => links.create({ kind: 'vxlan', name: 'vx', data: { vni: 7 } }));
    onlyTyped(() => links.create({ kind: 'a-kind-without-a-table', name: 'x', data: new Uint8Array(4) }));
    // @ts-expect-error A VLAN has an id, not a VNI.
    onlyTyped(() => links.create({ kind: 'vlan', name: 'v', data: { vni: 7 } }));
    // @ts-expect-error A number is no text.
    onlyTyped(() => links.create({ kind: 'vxlan', name: 'vx', data: { vni: '7' } }));
    // @ts-expect-error There is no such kind with a table, so the data is bytes.
    onlyTyped(() => dataOf(link, 'no-kind'));
  });

  test('absent is not undefined, and unknown keys are refused', () => {
    expectTypeOf<{ mtu: number }>().toMatchTypeOf<LinkChange>();
    // @ts-expect-error Leave it out: nothing is sent that was not given.
    onlyTyped(() => links.change({ name: 'eth0' }, { mtu: undefined }));
    // @ts-expect-error It is called `mtu`.
    onlyTyped(() => links.change({ name: 'eth0' }, { MTU: 1500 }));
    // @ts-expect-error The kernel forgets an alias given at creation; `change` sets it.
    onlyTyped(() => links.create({ kind: 'bridge', name: 'br0', alias: 'mine' }));
    // @ts-expect-error By index or by name.
    onlyTyped(() => links.get({}));
    onlyTyped(() => {
      // @ts-expect-error What the kernel told is not to be written to.
      link.name = 'x';
    });
  });
});

describe('requests', () => {
  test('know what they resolve with', () => {
    const get = () => connection.request(links.get({ name: 'eth0' }));
    expectTypeOf<Awaited<ReturnType<typeof get>>>().toEqualTypeOf<Link | undefined>();
    const list = () => connection.dump(links.list());
    expectTypeOf<Awaited<ReturnType<typeof list>>['items']>().toEqualTypeOf<readonly Link[]>();
    expectTypeOf(fdb.create).returns.toEqualTypeOf<Request<void>>();
    // @ts-expect-error A list is no request: it goes to `dump`.
    onlyTyped(() => connection.request(links.list()));
  });

  test('three outcomes are told apart', () => {
    const judge = (outcome: Outcome): string => {
      // @ts-expect-error Only a failure has an error, and only success a value.
      void outcome.error;
      if (outcome.status === 'failed') return outcome.error.code;
      if (outcome.status === 'unknown') return outcome.error.code;
      expectTypeOf(outcome.status).toEqualTypeOf<'ok'>();
      return 'ok';
    };
    expectTypeOf(judge).returns.toBeString();
    expectTypeOf<Extract<TransactionResult, { status: 'ok' }>>().not.toHaveProperty('error');
    expectTypeOf<Extract<TransactionResult, { status: 'failed' }>>().toHaveProperty('failures');
  });
});

describe('rtnetlink', () => {
  test('an entry of a device and one of a bridge differ', () => {
    onlyTyped(() => fdb.create({ where: 'self', index: 1, mac: '02:00:00:00:00:01', destination: '192.0.2.1' }));
    onlyTyped(() => fdb.create({ where: 'master', index: 1, mac: '02:00:00:00:00:01', vlan: 7 }));
    // @ts-expect-error Destinations are those of a vxlan device.
    onlyTyped(() => fdb.create({ where: 'master', index: 1, mac: '02:00:00:00:00:01', destination: '192.0.2.1' }));
    // @ts-expect-error A flood entry is appended to a device itself.
    onlyTyped(() => fdb.append({ where: 'master', index: 1, mac: '00:00:00:00:00:00' }));
  });

  test('specifications have what is needed and refuse the rest', () => {
    expectTypeOf<{ destination: string }>().toMatchTypeOf<RouteSpec>();
    expectTypeOf<{ index: number; address: string; prefix: number }>().toMatchTypeOf<AddressSpec>();
    expectTypeOf<RuleSpec['priority']>().toBeNumber();
    // @ts-expect-error A route leads somewhere.
    onlyTyped((): RouteSpec => ({ via: '192.0.2.1' }));
    // @ts-expect-error An address has the length of its prefix.
    onlyTyped((): AddressSpec => ({ index: 1, address: '192.0.2.1' }));
    // @ts-expect-error A tbf has options of its own.
    onlyTyped((): QdiscSpec => ({ index: 1, kind: 'tbf', options: { defaultClass: 1 } }));
  });

  test('what is watched is a union by kind', () => {
    const read = (event: RouteEvent): unknown => {
      // @ts-expect-error Which of them it is must be asked first.
      void event.link;
      if (event.kind === 'link') return expectTypeOf(event.link).toEqualTypeOf<Link>();
      return event.event;
    };
    expectTypeOf(read).toBeFunction();
    expectTypeOf<Exclude<MonitorEvent['type'], 'message'>>().toEqualTypeOf<'overrun'>();
  });
});

describe('nftables', () => {
  test('an expression’s name chooses its data', () => {
    const expression: Expression = { name: 'counter' };
    expectTypeOf(expressionData(expression, 'payload')).toEqualTypeOf<ExpressionData<'payload'> | undefined>();
    // @ts-expect-error A comparison has no offset.
    onlyTyped((): Expression => ({ name: 'cmp', data: { offset: 1 } }));
    // @ts-expect-error Keys are texts, one for each type.
    onlyTyped((): NftElement => ({ key: '192.0.2.1' }));
    // @ts-expect-error There is no such family.
    onlyTyped(() => nft.tables.create({ family: 'ipv4', name: 't' }));
    // @ts-expect-error There is no such data type.
    onlyTyped(() => nft.sets.create({ family: 'ip', table: 't', name: 's', key: ['ipv4'] }));
  });
});

describe('codecs', () => {
  test('a table gives the type of its values', () => {
    const table = attributes(() => ({}));
    expectTypeOf<Infer<typeof table>>().toHaveProperty('unknown');
  });
});
