import { readFileSync } from 'node:fs';
import { type Issue, issuesOf, NAME_PATTERN } from '@kcore/contract';
import * as v from 'valibot';

/** Least severe first, as pino names them. */
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;

const text = v.pipe(v.string(), v.minLength(1, 'must not be empty'));
const path = v.pipe(
  v.string(),
  v.check((value) => value.startsWith('/'), 'must be an absolute path'),
);
const name = v.pipe(v.string(), v.regex(NAME_PATTERN, "must be 1 to 63 letters, digits, '-' or '_'"));

/** Where Debian puts the programs, and whom guests run as. */
const QEMU = { qemu: '/usr/bin/qemu-system-x86_64', qemuImg: '/usr/bin/qemu-img', user: 'nobody' } as const;

const Runtime = v.variant('kind', [
  v.strictObject({ kind: v.literal('none') }),
  v.strictObject({ kind: v.literal('namespace'), socket: path }),
  v.strictObject({
    kind: v.literal('qemu'),
    qemu: v.exactOptional(path, QEMU.qemu),
    qemuImg: v.exactOptional(path, QEMU.qemuImg),
    user: v.exactOptional(text, QEMU.user),
  }),
]);

/** The agent's configuration file, JSON. README.md says what each key is for. */
const ConfigFile = v.strictObject({
  node: name,
  cluster: v.exactOptional(name),
  controller: v.strictObject({
    url: v.pipe(v.string(), v.check(isControllerUrl, 'must be wss://HOST:PORT, for example wss://192.168.40.10:7443')),
  }),
  tls: v.strictObject({ ca: path, cert: path, key: path }),
  dataDir: path,
  disableVxlan: v.exactOptional(v.boolean(), false),
  vtep: v.exactOptional(text),
  gatewayInterface: v.exactOptional(text),
  runtime: v.exactOptional(Runtime, { kind: 'qemu', ...QEMU }),
  resolvers: v.exactOptional(path, '/etc/resolv.conf'),
  logLevel: v.exactOptional(v.picklist(LOG_LEVELS), 'info'),
});
export type AgentConfig = v.InferOutput<typeof ConfigFile>;

/** What is wrong with a configuration, in words for the person who wrote it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** @throws {ConfigError} naming the file and every wrong key. */
export function readConfig(file: string): AgentConfig {
  return parseConfig(readText(file, '--config'), file);
}

/** @throws {ConfigError} */
export function parseConfig(json: string, file: string): AgentConfig {
  const parsed = v.safeParse(ConfigFile, parseJson(json, file));
  if (parsed.success) return parsed.output;
  const lines = issuesOf(parsed.issues).map((issue) => `  ${issueLine(issue)}`);
  throw new ConfigError(
    `${file} is not a configuration of the agent:\n${lines.join('\n')}\nREADME.md of the agent lists the keys.`,
  );
}

/** The certificates, read once: PEM texts. @throws {ConfigError} */
export function readTls(config: AgentConfig): { readonly ca: string; readonly cert: string; readonly key: string } {
  const { ca, cert, key } = config.tls;
  return { ca: readText(ca, 'tls.ca'), cert: readText(cert, 'tls.cert'), key: readText(key, 'tls.key') };
}

function readText(file: string, what: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    throw new ConfigError(`${what}: ${file} cannot be read: ${code}`, { cause });
  }
}

function parseJson(json: string, file: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new ConfigError(`${file} is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

function issueLine({ message, unknownKey }: Issue): string {
  const near = unknownKey === undefined ? undefined : nearest(unknownKey, Object.keys(ConfigFile.entries));
  return near === undefined ? message : `${message}; did you mean '${near}'?`;
}

/** The known key with the same letters but for case, or with one in three of them wrong. */
function nearest(word: string, known: readonly string[]): string | undefined {
  const scored = known.map((key) => ({ key, distance: editDistance(word.toLowerCase(), key.toLowerCase()) }));
  const [best] = scored.sort((a, b) => a.distance - b.distance);
  return best !== undefined && best.distance <= Math.max(1, Math.floor(word.length / 3)) ? best.key : undefined;
}

/** Levenshtein's distance, one row at a time. */
function editDistance(a: string, b: string): number {
  const first = Array.from({ length: b.length + 1 }, (_, index) => index);
  const last = [...a].reduce((row, letter, i) => {
    const next = [i + 1];
    for (let j = 0; j < b.length; j += 1) {
      const replace = (row[j] ?? 0) + (letter === b[j] ? 0 : 1);
      next.push(Math.min(replace, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    return next;
  }, first);
  return last[b.length] ?? 0;
}

function isControllerUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, hostname } = new URL(value);
  return protocol === 'wss:' && hostname !== '';
}
