import { closeSync, mkdtempSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Contestant, Row, Target } from '../../support/row.ts';
import { type Found, missingOf, pathOf } from '../../support/tools.ts';
import type { Workplace } from '../../support/workplace.ts';
import {
  bridge,
  cRival,
  goRival,
  ip,
  ours,
  type Place,
  pythonRival,
  pythonSource,
  selfTimedContestant,
  worker,
} from '../rivals.ts';
import { VXLAN } from './bulk.ts';

interface DumpRow {
  readonly name: string;
  readonly title: string;
  readonly place: Place;
  /** Of our worker, of Go and of Python. */
  readonly task: string;
  readonly args: readonly string[];
  readonly text: { readonly name: string; readonly found: Found; readonly args: readonly string[] };
  readonly goTarget?: Target;
  readonly textTarget?: Target;
}

const WARM = 'self-timed: request, reply and decoding to objects, median of ten in one process after a first';
const FIRST = 'self-timed: request, reply and decoding to objects, the first one of a process';

/** A program that prints JSON, and what it costs a Node program to have objects of it. */
function textContestant(place: Place, { name, found, args }: DumpRow['text'], target: Target | undefined): Contestant {
  const { workplace } = place;
  return {
    name: `${name} and JSON.parse`,
    timed: 'whole process, writing to a file, and JSON.parse of that in a warm Node; not the reading of the file',
    ...(target === undefined ? {} : { target }),
    ...missingOf(found),
    run: () =>
      workplace.inNetns(place.label, place.prepare, async (netns) => {
        await place.fill?.(netns);
        const file = path.join(mkdtempSync(path.join(workplace.folder, 'text-')), 'output');
        const outputTo = openSync(file, 'w');
        const ran = await workplace
          .run([pathOf(found), ...args], { netns, outputTo })
          .finally(() => closeSync(outputTo));
        const text = readFileSync(file, 'utf8');
        const start = performance.now();
        const items = (JSON.parse(text) as readonly unknown[]).length;
        const parseMs = performance.now() - start;
        return { value: ran.ms + parseMs, more: { processMs: ran.ms, parseMs, items } };
      }),
  };
}

async function dumpRow(row: DumpRow, first: boolean): Promise<Row> {
  const { place, task, args, goTarget, textTarget } = row;
  const [go, python] = await Promise.all([goRival(), pythonRival()]);
  const times = ['11'];
  const one = (name: string, found: Found, before: readonly string[], target?: Target): Contestant =>
    selfTimedContestant(place, {
      name,
      found,
      args: [...before, ...args, ...times],
      timed: first ? FIRST : WARM,
      ...(first ? { figure: 'first' } : {}),
      ...(target === undefined ? {} : { target }),
    });
  return {
    name: first ? `${row.name}-first` : row.name,
    title: `${row.title}${first ? ', the first of a process' : ''}`,
    unit: 'ms',
    compare: 'times',
    contestants: [
      one('@kcore/netlink', ours, [worker, task]),
      one('Go, vishvananda/netlink', go, [task], first ? undefined : goTarget),
      textContestant(place, row.text, first ? undefined : textTarget),
      ...(first ? [] : [one('Python, pyroute2', python, [pythonSource, task])]),
    ],
  };
}

const goTarget = { must: 1, aim: 1.3 };
const textTarget = { must: 2, aim: 2.5 };

async function fdbRow(workplace: Workplace, scale: number, first: boolean): Promise<Row> {
  const count = Math.ceil(10_000 * scale);
  const [c, found] = await Promise.all([cRival('fdb'), bridge()]);
  const place: Place = {
    workplace,
    label: 'fdb',
    prepare: VXLAN,
    fill: (netns) => workplace.run([pathOf(c), 'vx', String(count), '8192'], { netns }),
  };
  const row: DumpRow = {
    name: 'fdb-dump',
    title: `dump of ${count} forwarding entries to objects`,
    place,
    task: 'fdb-list',
    args: ['vx'],
    text: { name: 'bridge -j', found, args: ['-j', 'fdb', 'show', 'dev', 'vx'] },
    goTarget,
    textTarget,
  };
  return dumpRow(row, first);
}

export const fdbDump = (workplace: Workplace, scale: number): Promise<Row> => fdbRow(workplace, scale, false);
export const fdbDumpFirst = (workplace: Workplace, scale: number): Promise<Row> => fdbRow(workplace, scale, true);

/** Neighbours stay below the kernel's default bound (gc_thresh3) only when they are permanent. */
async function neighbourRow(workplace: Workplace, scale: number, first: boolean): Promise<Row> {
  const count = Math.ceil(10_000 * scale);
  const found = await ip();
  const lines = Array.from(
    { length: count },
    (_, i) =>
      `neigh add 10.0.${i >> 8}.${i & 255} lladdr 02:00:00:00:${(i >> 8).toString(16)}:${(i & 255).toString(16)} dev vx nud permanent`,
  );
  const row: DumpRow = {
    name: 'neighbour-dump',
    title: `dump of ${count} neighbours to objects`,
    place: { workplace, label: 'neigh', prepare: [...VXLAN, ...lines] },
    task: 'neighbour-list',
    args: ['vx'],
    text: { name: 'ip -j neighbour', found, args: ['-4', '-j', 'neighbour', 'show', 'dev', 'vx', 'nud', 'all'] },
    goTarget,
    textTarget,
  };
  return dumpRow(row, first);
}

export const neighbourDump = (workplace: Workplace, scale: number): Promise<Row> =>
  neighbourRow(workplace, scale, false);

export async function linkDump(workplace: Workplace, scale: number): Promise<Row> {
  const pairs = Math.ceil(500 * scale);
  const found = await ip();
  const prepare = Array.from({ length: pairs }, (_, i) => `link add va${i} type veth peer name vb${i}`);
  const row: DumpRow = {
    name: 'link-dump',
    title: `dump of ${2 * pairs} links to objects`,
    place: { workplace, label: 'links', prepare },
    task: 'link-list',
    args: [],
    text: { name: 'ip -d -j link', found, args: ['-d', '-j', 'link', 'show'] },
  };
  return dumpRow(row, false);
}
