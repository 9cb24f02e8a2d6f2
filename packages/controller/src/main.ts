import { parseArgs } from 'node:util';
import { errorCodes, KcoreError } from '@kcore/contract';
import pino from 'pino';
import { readConfig } from './config.ts';
import { runController } from './run.ts';

const usage = `Usage: kcore-controller --config FILE

Runs the controller of a kcore cluster until it gets SIGTERM or SIGINT.

  --config FILE  JSON: dataDir, listen, tls {ca, cert, key}, and more (see README.md)
  --help         prints this text

It logs one JSON line an event to stderr.
`;

/** The exit status when the command line is wrong. */
const USAGE = 2;

function fail(error: unknown): number {
  if (error instanceof KcoreError) {
    const { remedy } = error.details;
    process.stderr.write(`Error: ${error.code}: ${error.message}${remedy === undefined ? '' : ` (${remedy})`}\n`);
    return errorCodes[error.code].exit;
  }
  process.stderr.write(`Error: Internal: ${error instanceof Error ? error.message : String(error)}\n`);
  return 1;
}

/** Resolves with the exit status. */
async function main(): Promise<number> {
  let path: string | undefined;
  try {
    const { values } = parseArgs({ options: { config: { type: 'string' }, help: { type: 'boolean' } } });
    if (values.help === true) {
      process.stdout.write(usage);
      return 0;
    }
    path = values.config;
  } catch (error) {
    process.stderr.write(`Error: ${error instanceof Error ? error.message : error}\n\n${usage}`);
    return USAGE;
  }
  if (path === undefined) {
    process.stderr.write(`Error: --config is required\n\n${usage}`);
    return USAGE;
  }
  try {
    const config = await readConfig(path);
    const log = pino({ level: config.logLevel, base: null }, pino.destination({ dest: 2, sync: true }));
    const stopped = new Promise<string>((resolve) => {
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal));
    });
    const running = await runController(config, log);
    const signal = await stopped;
    log.info({ signal }, 'stopping');
    await running[Symbol.asyncDispose]();
    log.info('stopped');
    return 0;
  } catch (error) {
    return fail(error);
  }
}

process.exitCode = await main();
