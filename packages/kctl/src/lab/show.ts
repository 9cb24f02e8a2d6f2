import type { LabStatus, LabStep } from '@kcore/lab';
import type { Printable } from '../output/format.ts';
import { coloured, colouredState } from '../text/colour.ts';
import { type Column, fieldLines, NONE, tableLines } from '../text/table.ts';

type LabNode = LabStatus['nodes'][number];

const columns: readonly Column<LabNode>[] = [
  { heading: 'NODE', cell: ({ name }) => name },
  { heading: 'ADDRESS', cell: ({ address }) => address },
  { heading: 'STATE', cell: ({ state }) => state, paint: colouredState },
  { heading: 'PID', cell: ({ pid }) => String(pid ?? NONE) },
  { heading: 'NETNS', cell: ({ netns }) => netns },
  { heading: 'LOG', cell: ({ log }) => log },
];

/** A lab's state; as JSON it is what the lab says, unchanged. */
export function labPrintable(status: LabStatus): Printable {
  const { controller } = status;
  return {
    lines: ({ colours }) => [
      ...fieldLines([
        ['Lab', status.name],
        ['Context', status.context],
        [
          'Controller',
          `${controller.url}${controller.pid === undefined ? ' (not running)' : ` (pid ${controller.pid})`}`,
        ],
        ['Log', controller.log],
        ['Directory', status.directory],
      ]),
      ...tableLines(columns, status.nodes, { colours }),
    ],
    data: () => status,
    names: () => [`lab/${status.name}`],
  };
}

/** One line when a step is over; what has only begun says nothing yet. */
export function stepLine({ text, state, detail }: LabStep, colours: boolean): string | undefined {
  if (state === 'start') return undefined;
  const [mark, colour] = state === 'done' ? (['✓', 'green'] as const) : (['✗', 'red'] as const);
  return `  ${colours ? coloured(colour, mark) : mark} ${text}${detail === undefined ? '' : `: ${detail}`}`;
}
