import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { scale } from '../conformance/case.ts';
import { Kcore } from '../conformance/kcore.ts';
import { inNamespace } from '../conformance/process.ts';
import { network, Stage } from '../conformance/stage.ts';
import { macOf, Wire } from '../conformance/wire.ts';

/** One event loop serves all networks of a node: 200 at full scale. */
test('R-51: a server of many networks serves each of them, and nothing but that', { timeout: 300_000 }, async () => {
  const count = Math.min(200, 25 * scale);
  await using stage = await Stage.open('many', (place) => new Kcore(place));
  const guests = await stage.namespace('guests');
  const numbers = Array.from({ length: count }, (_, index) => index);
  await stage.server(
    `ip -batch - <<END
${numbers
  .map(
    (n) => `link add nb${n} type bridge
address add 10.${100 + (n >> 8)}.${n & 255}.1/24 dev nb${n}
link set dev nb${n} up
link add np${n} type veth peer name g${n} netns ${guests}
link set dev np${n} master nb${n} up`,
  )
  .join('\n')}
END`,
  );
  await inNamespace(guests, `ip -batch - <<END\n${numbers.map((n) => `link set dev g${n} up`).join('\n')}\nEND`);
  const subnet = (n: number): string => `10.${100 + (n >> 8)}.${n & 255}`;
  await stage.subject.start(
    numbers.map((n) =>
      network({
        network: `net-${n}`,
        link: `nb${n}`,
        serverAddress: `${subnet(n)}.1`,
        router: `${subnet(n)}.1`,
        range: { start: `${subnet(n)}.100`, end: `${subnet(n)}.199` },
      }),
    ),
  );
  for (let from = 0; from < count; from += 20) {
    const leases = await Promise.all(
      numbers.slice(from, from + 20).map(async (n) => {
        await using wire = await Wire.open(guests, `g${n}`, subnet(n));
        // The same MAC everywhere: networks have nothing to do with each other.
        const lease = await wire.lease(macOf(1));
        const servers = new Set(wire.frames.map(({ source }) => source));
        return [lease?.address, ...servers];
      }),
    );
    expect(leases).toEqual(numbers.slice(from, from + 20).map((n) => [`${subnet(n)}.100`, `${subnet(n)}.1`]));
  }
  const before = await stage.subject.usage();
  await sleep(500 * scale);
  const { rss, cpu } = await stage.subject.usage();
  const busy = (cpu.user + cpu.system - before.cpu.user - before.cpu.system) / (5 * scale * 1000);
  console.info(`${count} networks: RSS ${(rss / (1 << 20)).toFixed(1)} MiB, ${busy.toFixed(2)} % of a core when idle`);
});
