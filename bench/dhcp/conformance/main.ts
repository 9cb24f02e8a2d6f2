/**
 * Tries kcore, dnsmasq and Kea with the same conformance cases, and writes what came out into docs/dhcp-conformance.md:
 *
 *   node bench/dist/dhcp/conformance/main.js [--report-only] [kcore|dnsmasq|Kea]…
 *
 * The results of those that are not named are taken from their last run.
 * Needs root, a build, and the programs that scripts/setup/dhcp-clients.mjs unpacks. At full scale unless
 * KCORE_TEST_SCALE says otherwise. dnsmasq's leases last two minutes at least, so its run takes five.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../../../..');
const DOCUMENT = join(ROOT, 'docs/dhcp-conformance.md');
const SUITE = 'packages/agent/test/kernel/dhcp-conformance.test.ts';
const [BEGIN, END] = ['<!-- results: written by bench/dhcp/conformance -->', '<!-- end of results -->'];
const SUBJECTS = ['kcore', 'dnsmasq', 'Kea'] as const;

/** What vitest's JSON report has of one test. */
interface Assertion {
  readonly status: string;
  readonly failureMessages: readonly string[];
  readonly meta: {
    readonly row?: { readonly id: string; readonly title: string; readonly source: string; readonly expected: string };
    readonly version?: string;
  };
}

interface Run {
  readonly subject: string;
  readonly date: string;
  readonly version: string;
  readonly assertions: readonly Assertion[];
}

const resultOf = (subject: string): string => join(import.meta.dirname, `${subject}.json`);

async function runSuite(subject: string, scale: string): Promise<void> {
  const vitest = join(ROOT, 'node_modules/.bin/vitest');
  const args = ['run', '--project', 'kernel', '--reporter=json', `--outputFile=${resultOf(subject)}`, SUITE];
  const environment = { ...process.env, KCORE_DHCP_SUBJECT: subject, KCORE_TEST_SCALE: scale };
  const child = spawn(vitest, args, { cwd: ROOT, env: environment, stdio: ['ignore', 'ignore', 'inherit'] });
  await once(child, 'exit');
}

function lastRun(subject: string): Run {
  const path = resultOf(subject);
  if (!existsSync(path)) throw new Error(`${subject} was not run yet: name it, or nobody for all`);
  const { startTime, testResults } = JSON.parse(readFileSync(path, 'utf8')) as {
    startTime: number;
    testResults: readonly { readonly assertionResults: readonly Assertion[]; readonly message: string }[];
  };
  const assertions = testResults.flatMap(({ assertionResults }) => assertionResults);
  if (assertions.length === 0) throw new Error(`the suite did not run on ${subject}: ${testResults[0]?.message}`);
  const date = new Date(startTime).toISOString().slice(0, 10);
  return { subject, date, version: assertions[0]?.meta.version ?? '', assertions };
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

/** The first line of what failed, without the error's name. */
function why({ failureMessages: [message = ''] }: Assertion): string {
  const line = message.split('\n')[0]?.replace(/^\w+: /, '') ?? '';
  return line.length > 160 ? `${line.slice(0, 157)}…` : line;
}

function verdict(run: Run, id: string): string {
  const found = run.assertions.find(({ meta }) => meta.row?.id === id);
  if (found === undefined) return 'not run';
  return found.status === 'passed' ? 'pass' : `**fail**: ${cell(why(found))}`;
}

function table(runs: readonly Run[], scale: string): string {
  const rows = runs[0]?.assertions.flatMap(({ meta }) => meta.row ?? []) ?? [];
  const passed = runs.map(({ assertions }) => assertions.filter(({ status }) => status === 'passed').length);
  const names = runs.map(({ subject, version, date }) => `${subject} ${version} (${date})`);
  return [
    `Runs of ${names.join(', ')}; Linux ${release()}, scale ${scale}.`,
    '',
    `| case | what has to happen | source | ${runs.map(({ subject }) => subject).join(' | ')} |`,
    `|---|---|---|${runs.map(() => '---|').join('')}`,
    ...rows.map(
      ({ id, title, expected, source }) =>
        `| \`${id}\` | ${cell(title)}: ${cell(expected)} | ${cell(source)} | ${runs.map((run) => verdict(run, id)).join(' | ')} |`,
    ),
    `| **passed** | | | ${passed.map((count) => `**${count} of ${rows.length}**`).join(' | ')} |`,
  ].join('\n');
}

const reportOnly = process.argv.includes('--report-only');
const chosen = process.argv.slice(2).filter((argument) => argument !== '--report-only');
const unknown = chosen.filter((name) => !(SUBJECTS as readonly string[]).includes(name));
if (unknown.length > 0) throw new Error(`no server '${unknown[0]}': one of ${SUBJECTS.join(', ')}`);
const scale = process.env['KCORE_TEST_SCALE'] ?? '10';
const wanted = reportOnly ? [] : chosen.length === 0 ? SUBJECTS : chosen;
for (const subject of wanted) await runSuite(subject, scale);
const text = table(SUBJECTS.map(lastRun), scale);
const [before = '', rest = ''] = readFileSync(DOCUMENT, 'utf8').split(BEGIN);
writeFileSync(DOCUMENT, `${before}${BEGIN}\n${text}\n${END}${rest.split(END)[1] ?? ''}`);
console.log(text);
