import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { connectWebSocket } from '@kcore/contract/ws';
import { type Logger, pino } from 'pino';
import { type Agent, createAgent } from './agent.ts';
import { type AgentConfig, ConfigError, readConfig, readTls } from './config.ts';
import { createDhcpServer } from './dhcp/index.ts';
import { createKernel } from './kernel/create-kernel.ts';
import { kernelPacketSockets } from './kernel/packet-sockets.ts';
import type { AgentIdentity } from './loop/compile-node.ts';
import { systemClock } from './loop/system-clock.ts';
import type { VmRuntime } from './model/runtime.ts';
import { createAnswerProbe } from './reach/answer-probe.ts';
import { createControllerSource } from './session/controller-source.ts';
import type { SpecSource } from './session/source.ts';
import { hasNetAdmin } from './status/capability.ts';
import { hostSurroundings } from './status/surroundings.ts';
import { lockDirectory } from './store/instance-lock.ts';
import { openLmdbStore } from './store/lmdb.ts';
import { createNamespaceRuntime } from './vm/namespace.ts';
import { createNoRuntime } from './vm/none.ts';
import { openQemuRuntime } from './vm/qemu/open.ts';

const USAGE = `Usage: kcore-agent --config FILE

Keeps this host's networks and virtual machines as its controller says. Needs CAP_NET_ADMIN (root).

  --config FILE   the configuration, JSON; its keys are in the agent's README.md
  --version       print the version
  --help          print this

SIGTERM and SIGINT end it; networks, leases and guests stay as they are and are adopted at the next start.
`;

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

class UsageError extends Error {}

interface Version {
  readonly version: string;
}

function version(): string {
  const file = new URL('../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as Version).version;
}

/** The path after `--config`; undefined when there is nothing to run. */
function configPath(): string | undefined {
  const { values } = parseOptions();
  if (values.help === true) process.stdout.write(USAGE);
  else if (values.version === true) process.stdout.write(`${version()}\n`);
  else if (values.config === undefined) throw new UsageError('--config FILE is missing');
  else return values.config;
  return undefined;
}

function parseOptions() {
  try {
    return parseArgs({
      options: { config: { type: 'string' }, help: { type: 'boolean' }, version: { type: 'boolean' } },
      strict: true,
      allowPositionals: false,
    });
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

function requirePrivileges(): void {
  if (hasNetAdmin(readFileSync('/proc/self/status', 'utf8'))) return;
  throw new ConfigError(
    'the agent may not change the network (CAP_NET_ADMIN is missing); run it as root, or give its service AmbientCapabilities=CAP_NET_ADMIN CAP_NET_RAW CAP_NET_BIND_SERVICE CAP_SYS_ADMIN',
  );
}

function controllerSource(config: AgentConfig, log: Logger): SpecSource {
  const tls = readTls(config);
  const last: { remoteAddress?: string } = {};
  return createControllerSource({
    clock: systemClock,
    log: log.child({ component: 'session' }),
    random: Math.random,
    async dial(signal) {
      const connection = await connectWebSocket({ url: config.controller.url, tls, signal });
      if (connection.remoteAddress !== undefined) last.remoteAddress = connection.remoteAddress.replace(/^::ffff:/, '');
      return connection.channel;
    },
    farEnd: () => last.remoteAddress ?? addressIn(config.controller.url),
  });
}

/** The address in a URL that names no host; before the first connection it is all that is known. */
function addressIn(url: string): string | undefined {
  const { hostname } = new URL(url);
  return /^\d+\.\d+\.\d+\.\d+$/.test(hostname) ? hostname : undefined;
}

async function vmRuntime({ runtime, dataDir }: AgentConfig): Promise<VmRuntime> {
  if (runtime.kind === 'none') return createNoRuntime();
  if (runtime.kind === 'namespace') return createNamespaceRuntime({ socket: runtime.socket, clock: systemClock });
  return await openQemuRuntime({ ...runtime, directory: dataDir, clock: systemClock });
}

/** Runs until the signal aborts. What is opened here is closed here, last opened first. */
async function runAgent(config: AgentConfig, signal: AbortSignal): Promise<void> {
  const log = pino({ level: config.logLevel, base: { node: config.node } });
  const source = controllerSource(config, log);
  using _lock = lockDirectory(config.dataDir);
  await using store = openLmdbStore(join(config.dataDir, 'store'));
  await using kernel = await createKernel();
  const held: { agent?: Agent } = {};
  const sockets = kernelPacketSockets();
  await using dhcp = await createDhcpServer({
    sockets,
    directory: join(config.dataDir, 'dhcp'),
    clock: systemClock,
    log: log.child({ component: 'dhcp' }),
    onEvent: (type, object, message) => held.agent?.record({ type, object, message }),
  });
  await using runtime = await vmRuntime(config);
  await using probe = createAnswerProbe({ sockets, clock: systemClock });
  await using agent = createAgent({
    identity: identityOf(config),
    surroundings: hostSurroundings(config.resolvers),
    clock: systemClock,
    kernel,
    store,
    source,
    runtime,
    dhcp,
    probe,
    log,
  });
  held.agent = agent;
  log.info({ version: version(), controller: config.controller.url, runtime: runtime.description }, 'agent started');
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  log.info('agent stops; what it made stays');
}

function identityOf({ node, disableVxlan, vtep, gatewayInterface }: AgentConfig): AgentIdentity {
  return {
    node,
    agentVersion: version(),
    vxlanDisabled: disableVxlan,
    ...(vtep === undefined ? {} : { vtep }),
    ...(gatewayInterface === undefined ? {} : { gatewayInterface }),
  };
}

async function main(): Promise<number> {
  try {
    const path = configPath();
    if (path === undefined) return 0;
    const config = readConfig(path);
    requirePrivileges();
    const stop = new AbortController();
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => stop.abort());
    await runAgent(config, stop.signal);
    return 0;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(`Error: ${message}\n${error instanceof UsageError ? `\n${USAGE}` : ''}`);
    return error instanceof UsageError ? EXIT_USAGE : EXIT_FAILED;
  }
}

process.exitCode = await main();
