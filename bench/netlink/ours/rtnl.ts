import {
  type Connection,
  createLink,
  type FdbSpec,
  fdb,
  type LinkSummary,
  links,
  NETLINK_ROUTE,
  neighbours,
  type Outcome,
  openConnection,
  type Request,
  routes,
} from '@kcore/netlink';
import { repeated, timed, timedAfterRest, whole } from './clocked.ts';

/** What our package does for a row, in a process of its own that is in the row's namespace already. */
export type Task = (args: readonly string[]) => Promise<Readonly<Record<string, number>>>;

const route = (): Promise<Connection> => openConnection({ protocol: NETLINK_ROUTE });

function checkAll(outcomes: readonly Outcome[]): void {
  const bad = outcomes.find(({ status }) => status !== 'ok');
  if (bad !== undefined && bad.status !== 'ok') throw bad.error;
}

async function indexOf(connection: Connection, name: string): Promise<number> {
  const link = await connection.request(links.get({ name }));
  if (link === undefined) throw new Error(`there is no ${name}`);
  return link.index;
}

const byte = (value: number): string => (value & 255).toString(16).padStart(2, '0');

/**
 * Plain values as a program has them at hand; making them is not timed, for no contestant. By `join`, as the texts that
 * JSON.parse and decoders make: V8 keeps those of a template in pieces, which it puts together when they are first read.
 */
function fdbEntries(index: number, count: number): readonly FdbSpec[] {
  return Array.from({ length: count }, (_, i) => ({
    where: 'self' as const,
    index,
    mac: [2, 0, 0, i >> 16, i >> 8, i].map(byte).join(':'),
    destination: [10, 0, i % 200, 1 + (i % 250)].join('.'),
  }));
}

/** Requests that are made as they are sent. */
function* each<S>(specs: readonly S[], request: (spec: S) => Request<void>): Generator<Request<void>> {
  for (const spec of specs) yield request(spec);
}

const addFdb: Task = async ([device = '', count = '0']) => {
  await using connection = await route();
  const entries = fdbEntries(await indexOf(connection, device), Number(count));
  return { ms: await timedAfterRest(async () => checkAll(await connection.batch(each(entries, fdb.create)))) };
};

const addRoutes: Task = async ([device = '', count = '0']) => {
  await using connection = await route();
  const oif = await indexOf(connection, device);
  const specs = Array.from({ length: Number(count) }, (_, i) => ({
    destination: `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}/32`,
    outgoing: oif,
  }));
  return { ms: await timedAfterRest(async () => checkAll(await connection.batch(each(specs, routes.create)))) };
};

const listFdb: Task = async ([device = '', times = '1']) => {
  await using connection = await route();
  const index = await indexOf(connection, device);
  return await repeated(Number(times), async () => whole(await connection.dump(fdb.list({ index }))));
};

const listNeighbours: Task = async ([device = '', times = '1']) => {
  await using connection = await route();
  const index = await indexOf(connection, device);
  return await repeated(Number(times), async () => whole(await connection.dump(neighbours.list({ family: 2, index }))));
};

const listLinks: Task = async ([times = '1']) => {
  await using connection = await route();
  return await repeated(Number(times), async () => whole(await connection.dump(links.list())));
};

const listRoutes: Task = async ([times = '1']) => {
  await using connection = await route();
  return await repeated(Number(times), async () => whole(await connection.dump(routes.list({ family: 2 }))));
};

const GROUP = 4711;

const addVeths: Task = async ([count = '0']) => {
  await using connection = await route();
  const specs = Array.from({ length: Number(count) }, (_, i) => ({
    kind: 'veth' as const,
    name: `va${i}`,
    group: GROUP,
    data: { peer: { name: `vb${i}`, group: GROUP } },
  }));
  return { ms: await timed(async () => checkAll(await connection.batch(specs.map((spec) => links.create(spec))))) };
};

/** As a program would: it looks who is in the group, moves them to one of their own, and deletes that. */
const deleteVeths: Task = async () => {
  await using connection = await route();
  const isMember = ({ kind }: LinkSummary): boolean => kind === 'veth';
  return { ms: await timed(() => links.deleteGroup(connection, GROUP, { isMember })) };
};

/** The bare request, which takes whatever is in the group. */
const deleteVethsBlindly: Task = async () => {
  await using connection = await route();
  return { ms: await timed(() => connection.request(links.deleteGroupBlindly(GROUP))) };
};

/** A loop that should turn every millisecond; resolves with the longest it did not, beyond that, while `work` ran. */
async function lagDuring(work: () => Promise<unknown>): Promise<number> {
  let last = performance.now();
  let worst = 0;
  const look = (): void => {
    const now = performance.now();
    worst = Math.max(worst, now - last - 1);
    last = now;
  };
  const timer = setInterval(look, 1);
  await work();
  look();
  clearInterval(timer);
  return worst;
}

/** Waits for a line on standard input, which says that the lock is about to be taken, then asks for a write. */
const stall: Task = async ([request = 'idle', milliseconds = '0']) => {
  await using connection = await route();
  // Once before, so that nothing of the first call is in the figure.
  await createLink(connection, { kind: 'bridge', name: 'before' });
  process.stdout.write('ready\n');
  await new Promise((resolve) => process.stdin.once('data', resolve));
  let waitedMs = 0;
  const lag = await lagDuring(async () => {
    if (request === 'idle') return new Promise((resolve) => setTimeout(resolve, Number(milliseconds)));
    waitedMs = await timed(() => connection.request(links.create({ kind: 'bridge', name: 'after' })));
  });
  process.stdin.destroy();
  return { ms: lag, waitedMs };
};

export const rtnlTasks = {
  'fdb-add': addFdb,
  'route-add': addRoutes,
  'fdb-list': listFdb,
  'neighbour-list': listNeighbours,
  'link-list': listLinks,
  'route-list': listRoutes,
  'veth-add': addVeths,
  'veth-delete': deleteVeths,
  'veth-delete-blindly': deleteVethsBlindly,
  stall,
} as const satisfies Record<string, Task>;
