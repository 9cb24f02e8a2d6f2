import { type RowFactory, readOptions, runBench, USAGE } from '../support/bench.ts';
import { fdbInsert, routeInsert } from './rows/bulk.ts';
import { fdbDump, fdbDumpFirst, linkDump, neighbourDump } from './rows/dump.ts';
import { monitor } from './rows/monitor.ts';
import { nftElements, nftElementsConcatenated, nftOne } from './rows/nft.ts';
import { importTime, residentSize, residentSizeUsed } from './rows/process.ts';
import { stall } from './rows/stall.ts';
import { vethCreate, vethDelete } from './rows/veth.ts';

const rows: Readonly<Record<string, RowFactory>> = {
  'fdb-insert': fdbInsert,
  'fdb-dump': fdbDump,
  'fdb-dump-first': fdbDumpFirst,
  'neighbour-dump': neighbourDump,
  'veth-create': vethCreate,
  'veth-delete': vethDelete,
  'nft-elements': nftElements,
  'nft-elements-concatenated': nftElementsConcatenated,
  'nft-one': nftOne,
  stall,
  import: importTime,
  rss: residentSize,
  'rss-used': residentSizeUsed,
  'route-insert': routeInsert,
  'link-dump': linkDump,
  monitor,
};

try {
  const options = readOptions(process.argv.slice(2));
  if (options.list) process.stdout.write(`${Object.keys(rows).join('\n')}\n`);
  else await runBench(rows, options);
} catch (error) {
  process.stderr.write(`bench/netlink: ${error instanceof Error ? error.message : String(error)}\n`);
  if (error instanceof RangeError || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS') === true)
    process.stderr.write(`usage: node bench/dist/netlink/main.js ${USAGE}\nrows: ${Object.keys(rows).join(', ')}\n`);
  else process.stderr.write(`${error instanceof Error ? `${error.stack}\n${String(error.cause ?? '')}` : ''}\n`);
  process.exitCode = 1;
}
