import { A, B, type Case } from '../case.ts';
import { reply, same, some } from '../verdict.ts';

const sameMacOnTwoBridges: Case = {
  id: 'same-mac-on-two-bridges',
  title: 'two networks with the same client MAC; a default route through a third link',
  source: 'R-51; RFC 2131 §4.1',
  expected: 'separate leases; nothing leaves on another link',
  run: async (stage) => {
    await stage.bridge('br1', '10.79.0.1/24');
    await stage.bridge('br2', '10.80.0.1/24');
    await stage.server('ip route add default via 10.80.0.9 dev br2');
    const [one, two, elsewhere] = [
      await stage.wire('one'),
      await stage.wire('two', 'br1', '10.79.0'),
      await stage.wire('three', 'br2', '10.80.0'),
    ];
    await stage.serve(
      {},
      {
        network: 'two',
        link: 'br1',
        serverAddress: '10.79.0.1',
        router: '10.79.0.1',
        range: { start: '10.79.0.100', end: '10.79.0.199' },
      },
    );
    // A destination that a route could send elsewhere, too.
    const flags = 0x8000;
    const first = some(await one.lease(A), 'no lease on the first network');
    const second = some(await two.lease(A), 'no lease on the second network');
    same(
      'networks',
      [first.address, second.address].map((address) => address.slice(0, 6)),
      ['10.78.', '10.79.'],
    );
    some(await one.discover(B, [], { flags }), 'no offer by broadcast');
    same(
      'renewals',
      [reply(await one.renew(A, first.address)), reply(await two.renew(A, second.address))],
      [`ack ${first.address}`, `ack ${second.address}`],
    );
    // Asked for where nobody serves.
    await elsewhere.say({ type: 'discover', mac: A });
    await one.fence();
    same('frames on the third link', elsewhere.frames.length, 0);
    same('foreign servers heard on the first', servers(one.frames), ['10.78.0.1']);
    same('foreign servers heard on the second', servers(two.frames), ['10.79.0.1']);
  },
};

const servers = (frames: readonly { readonly source: string }[]): string[] => [
  ...new Set(frames.map(({ source }) => source)),
];

const bridgeMadeAgain: Case = {
  id: 'bridge-made-again',
  title: 'the bridge is deleted and made again under the server',
  source: 'R-51',
  expected: 'the next client is served, without a restart',
  run: async (stage) => {
    const before = await stage.wire('before');
    await stage.serve();
    some(await before.lease(A), 'no lease');
    const { pid } = stage.subject;
    await stage.server('ip link delete br0');
    await stage.bridge('br0', '10.78.0.1/24');
    const after = await stage.wire('after');
    some(await after.lease(B), 'no lease on the new bridge');
    same('the same process', [stage.subject.alive, stage.subject.pid], [true, pid]);
  },
};

export const LINK_CASES: readonly Case[] = [sameMacOnTwoBridges, bridgeMadeAgain];
