import { type Background, mustRun, startBackground } from './command.ts';

/** The command that runs a command in a named network namespace. */
export function placed(netns: string, command: readonly string[]): readonly string[] {
  return ['nsenter', `--net=/run/netns/${netns}`, '--', ...command];
}

/** Runs a command in a network namespace; its standard output. @throws unless its exit status is 0. */
export function inNetns(netns: string, ...command: readonly string[]): Promise<string> {
  return mustRun(placed(netns, command));
}

/** What `ip -j` or `bridge -j` says, parsed. The kernel's own view, by a program that is not kcore's. */
// biome-ignore lint/suspicious/noExplicitAny: a witness's output has the shape that the test then looks for.
export async function witness(netns: string, ...command: readonly string[]): Promise<any> {
  const text = await inNetns(netns, ...command);
  // `bridge -j` prints nothing at all for an empty list.
  return text.trim() === '' ? [] : JSON.parse(text);
}

export async function exists(netns: string, link: string): Promise<boolean> {
  return (await witness(netns, 'ip', '-j', 'link', 'show')).some(({ ifname }: { ifname: string }) => ifname === link);
}

/** A capture that runs beside a test. */
export async function capture(netns: string, device: string, ...filter: readonly string[]): Promise<Background> {
  const tcpdump = startBackground(placed(netns, ['tcpdump', '-i', device, '-n', '-e', '-l', '-U', ...filter]));
  const deadline = performance.now() + 10_000;
  while (!tcpdump.said().includes('listening on')) {
    if (performance.now() > deadline) throw new Error(`tcpdump on ${device} did not begin: ${tcpdump.said()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return tcpdump;
}

/** The packets of a stopped capture, without what tcpdump says of itself. */
export function packets(said: string): readonly string[] {
  return said.split('\n').filter((line) => /^\d\d:\d\d:\d\d\.\d+ /.test(line));
}

export interface PingResult {
  readonly sent: number;
  readonly received: number;
  readonly duplicates: number;
  readonly text: string;
}

/** A ping that runs beside a test, at least ten answers old when this resolves. */
export async function startPing(
  netns: string,
  target: string,
  intervalMs = 20,
): Promise<{ stop(): Promise<PingResult> }> {
  const ping = startBackground(placed(netns, ['ping', '-i', String(intervalMs / 1000), '-n', target]));
  const deadline = performance.now() + 10_000;
  while (ping.said().split('bytes from').length < 11) {
    if (performance.now() > deadline) {
      throw new Error(`${target} does not answer: ${await ping.stop('SIGINT')}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  // SIGINT makes ping print its sums.
  return { stop: async () => pingResult(await ping.stop('SIGINT')) };
}

export function pingResult(text: string): PingResult {
  const sums = /(\d+) packets transmitted, (\d+) received(?:, \+(\d+) duplicates)?/.exec(text);
  if (sums === null) throw new Error(`no sums in what ping said: ${text}`);
  return { sent: Number(sums[1]), received: Number(sums[2]), duplicates: Number(sums[3] ?? 0), text };
}

export interface PingOptions {
  readonly count?: number;
  /** Bytes of payload, sent with "do not fragment"; the packet is 28 bytes longer. */
  readonly dfSize?: number;
}

/** @throws unless every packet is answered once. */
export async function ping(netns: string, target: string, options: PingOptions = {}): Promise<PingResult> {
  const { count = 3, dfSize } = options;
  const size = dfSize === undefined ? [] : ['-M', 'do', '-s', String(dfSize)];
  const text = await inNetns(netns, 'ping', '-n', '-c', String(count), '-i', '0.2', '-W', '2', ...size, target);
  const result = pingResult(text);
  if (result.received !== count || result.duplicates > 0) throw new Error(text);
  return result;
}
