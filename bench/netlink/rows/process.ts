import path from 'node:path';
import type { Ran } from '../../support/clock.ts';
import { repository } from '../../support/places.ts';
import type { Contestant, Row, Target } from '../../support/row.ts';
import { selfTimed, type Workplace } from '../../support/workplace.ts';

/** What a program would be without the package: the same Node, an ES module, nothing imported. */
const BARE = `const begun = performance.now();
const ms = performance.now() - begun;`;
const IMPORT = `const begun = performance.now();
await import('@kcore/netlink');
const ms = performance.now() - begun;`;
const USED = `const begun = performance.now();
const { links, openConnection, NETLINK_ROUTE } = await import('@kcore/netlink');
const connection = await openConnection({ protocol: NETLINK_ROUTE });
await connection.dump(links.list());
const ms = performance.now() - begun;
await connection[Symbol.asyncDispose]();`;
const TELL = `process.stdout.write(JSON.stringify({ ms, rssMb: process.memoryUsage.rss() / 1e6 }) + '\\n');`;

type Figure = (ran: Ran) => number;

function contestant(
  workplace: Workplace,
  parts: Pick<Contestant, 'name' | 'timed' | 'target'> & { readonly program: string; readonly figure: Figure },
): Contestant {
  const { program, figure, ...rest } = parts;
  return {
    ...rest,
    // The package is found from the bench's own place.
    run: async () => {
      const command = [
        process.execPath,
        '--input-type=module',
        '--eval',
        `process.chdir(${JSON.stringify(path.join(repository, 'bench'))});${program}\n${TELL}`,
      ];
      return workplace.inNetns('node', [], async (netns) => ({
        value: figure(await workplace.run(command, { netns })),
      }));
    },
  };
}

const own: Figure = (ran) => selfTimed(ran).ms;
const rss: Figure = (ran) => selfTimed(ran)['rssMb'] ?? Number.NaN;

export async function importTime(workplace: Workplace): Promise<Row> {
  return {
    name: 'import',
    title: 'import of the package',
    unit: 'ms',
    compare: 'alone',
    contestants: [
      contestant(workplace, {
        name: "import('@kcore/netlink')",
        timed: 'self-timed: the import alone, in a fresh Node with the files in the page cache',
        program: IMPORT,
        figure: own,
        target: { must: 60, aim: 40 },
      }),
      contestant(workplace, {
        name: 'import, first connection and a dump of links',
        timed: 'self-timed: the import and all up to the end of the first dump',
        program: USED,
        figure: own,
      }),
    ],
  };
}

const RSS_TIMED = 'resident set at the end of the program';

function sizeRow(workplace: Workplace, name: string, title: string, program: string, target?: Target): Row {
  const one = (label: string, what: string, judged?: Target): Contestant =>
    contestant(workplace, {
      name: label,
      timed: RSS_TIMED,
      program: what,
      figure: rss,
      ...(judged === undefined ? {} : { target: judged }),
    });
  const contestants = [one('@kcore/netlink', program), one('bare Node', BARE, target)] as const;
  return { name, title: `${title}, over a bare Node`, unit: 'MB', compare: 'difference', contestants };
}

export async function residentSize(workplace: Workplace): Promise<Row> {
  return sizeRow(workplace, 'rss', 'memory of a process that imported the package', IMPORT, { must: 15, aim: 10 });
}

export async function residentSizeUsed(workplace: Workplace): Promise<Row> {
  return sizeRow(workplace, 'rss-used', 'memory of a process with a connection, after a dump of links', USED);
}
