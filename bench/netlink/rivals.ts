import path from 'node:path';
import { benchSources } from '../support/places.ts';
import type { Contestant, Target } from '../support/row.ts';
import { compileC, compileGo, type Found, findPython, findTool, missingOf, pathOf } from '../support/tools.ts';
import { selfTimed, type Workplace } from '../support/workplace.ts';

const sources = path.join(benchSources, 'netlink', 'rivals');
const VISHVANANDA = 'github.com/vishvananda/netlink';

/** What a contestant is measured in: a namespace prepared by lines of `ip -batch`, fresh each time. */
export interface Place {
  readonly workplace: Workplace;
  /** Of namespaces. */
  readonly label: string;
  readonly prepare: readonly string[];
  /** More preparation, of which nothing is timed. */
  fill?(netns: string): Promise<unknown>;
}

interface SelfTimed {
  readonly name: string;
  readonly found: Found;
  /** Arguments after the program's path. */
  readonly args: readonly string[];
  readonly timed: string;
  /** Which of the figures that the program tells; `ms` without. */
  readonly figure?: string;
  readonly target?: Target;
}

/** A program of ours or of a rival that says how long its work took. */
export function selfTimedContestant(place: Place, { name, found, args, timed, target, figure }: SelfTimed): Contestant {
  return {
    name,
    timed,
    ...(target === undefined ? {} : { target }),
    ...missingOf(found),
    run: () =>
      place.workplace.inNetns(place.label, place.prepare, async (netns) => {
        await place.fill?.(netns);
        const ran = await place.workplace.run([pathOf(found), ...args], { netns });
        const { ms, ...more } = selfTimed(ran);
        const value = figure === undefined ? ms : (more[figure] ?? Number.NaN);
        return { value, more: { ...more, wholeProcessMs: ran.ms, maxRssKib: ran.maxRssKib } };
      }),
  };
}

interface Whole {
  readonly name: string;
  readonly found: Found;
  readonly args: readonly string[];
  readonly input: string;
  readonly timed?: string;
  readonly target?: Target;
}

/** A program such as `bridge -batch`: it is timed from its start to its end, since that is how it is used. */
export function wholeContestant(place: Place, { name, found, args, input, timed, target }: Whole): Contestant {
  return {
    name,
    timed: timed ?? 'whole process: start, parsing of the text, requests',
    ...(target === undefined ? {} : { target }),
    ...missingOf(found),
    run: () =>
      place.workplace.inNetns(place.label, place.prepare, async (netns) => {
        await place.fill?.(netns);
        const ran = await place.workplace.run([pathOf(found), ...args], { netns, input });
        return { value: ran.ms, more: { maxRssKib: ran.maxRssKib } };
      }),
  };
}

/** Node with our worker. */
export const ours: Found = { path: process.execPath };
export const worker = path.join(import.meta.dirname, 'worker.js');

export const goRival = (): Promise<Found> =>
  compileGo(path.join(sources, 'rival.go'), [
    { importPath: VISHVANANDA, debianPackage: 'golang-github-vishvananda-netlink-dev' },
  ]);
export const cRival = (name: 'fdb' | 'hold'): Promise<Found> => compileC(path.join(sources, `${name}.c`));
export const pythonRival = (): Promise<Found> => findPython('pyroute2', 'python3-pyroute2');
export const pythonSource = path.join(sources, 'rival.py');
export const ip = (): Promise<Found> => findTool('ip', 'iproute2');
export const bridge = (): Promise<Found> => findTool('bridge', 'iproute2');
export const nftTool = (): Promise<Found> => findTool('nft', 'nftables');
