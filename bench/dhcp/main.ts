import { type RowFactory, readOptions, runBench, USAGE } from '../support/bench.ts';
import { cpu, flat, latency, memoryEmpty, memoryGrowth, memoryMany } from './rows/cost.ts';
import { directClear, directLoaded, directSet } from './rows/direct.ts';
import { relayed } from './rows/relay.ts';
import { renewals } from './rows/renewals.ts';
import { storm } from './rows/storm.ts';

const rows: Readonly<Record<string, RowFactory>> = {
  'direct-clear': directClear,
  'direct-set': directSet,
  'direct-set-10000': directLoaded,
  renewals,
  relay: relayed,
  storm,
  latency,
  cpu,
  flat,
  memory: memoryEmpty,
  'memory-many': memoryMany,
  'memory-growth': memoryGrowth,
};

try {
  const options = readOptions(process.argv.slice(2));
  if (options.list) process.stdout.write(`${Object.keys(rows).join('\n')}\n`);
  else await runBench(rows, options);
} catch (error) {
  process.stderr.write(`bench/dhcp: ${error instanceof Error ? error.stack : String(error)}\n`);
  if (error instanceof Error && error.cause !== undefined) process.stderr.write(`${String(error.cause)}\n`);
  if (error instanceof RangeError)
    process.stderr.write(`usage: node bench/dist/dhcp/main.js ${USAGE}\nrows: ${Object.keys(rows).join(', ')}\n`);
  process.exitCode = 1;
}
