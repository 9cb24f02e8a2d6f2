import { formatQuantity, type KeptDisks } from '@kcore/contract';
import { age } from '../text/duration.ts';
import { type Column, NONE } from '../text/table.ts';

/** A disk of unsaid size has that of its image. */
function sizes({ disks }: KeptDisks): string {
  return disks.map(({ sizeBytes }) => (sizeBytes === undefined ? NONE : formatQuantity(sizeBytes))).join(',');
}

export function keptDisksColumns(now: Date): readonly Column<KeptDisks>[] {
  return [
    { heading: 'NAME', cell: ({ name }) => name },
    { heading: 'NODE', cell: ({ node }) => node },
    { heading: 'VM', cell: ({ vm }) => vm },
    { heading: 'DISKS', cell: ({ disks }) => String(disks.length) },
    { heading: 'SIZE', cell: sizes },
    { heading: 'KEPT', cell: ({ keptAt }) => age(keptAt, now) },
  ];
}

export function wideKeptDisksColumns(now: Date): readonly Column<KeptDisks>[] {
  return [...keptDisksColumns(now), { heading: 'UID', cell: ({ uid }) => uid }];
}
