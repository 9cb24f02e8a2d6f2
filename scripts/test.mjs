#!/usr/bin/env node
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { runInKernel } from './kernel-box/box.mjs';
import { run } from './setup/run.mjs';
import { root, SetupError, setup } from './setup/setup.mjs';
import { step } from './setup/steps.mjs';

/** Sets everything up and runs everything, one suite after the other. Ends with one line that counts all of it. */

const bin = (name) => join(root, 'node_modules/.bin', name);
const total = { passed: 0, failed: 0, skipped: 0 };

/** Adds a suite's closing line to the total. A suite without one, or red without a failed test, counts as one failure. */
function count(output, code) {
  const plain = stripVTControlCharacters(output);
  const line = [...plain.matchAll(/^(\d+) passed, (\d+) failed, (\d+) skipped$/gm)].at(-1);
  const [passed = 0, failed = 0, skipped = 0] = line?.slice(1).map(Number) ?? [];
  total.passed += passed;
  total.failed += failed === 0 && code !== 0 ? 1 : failed;
  total.skipped += skipped;
  return line !== undefined && failed === 0 && code === 0;
}

/** Runs one suite; shows its output when it is red, or when something was skipped. */
async function suite(title, start) {
  try {
    await step(title, async () => {
      const { code, output } = await start();
      const green = count(output, code);
      if (!green || /skipped \[|[1-9]\d* skipped$/m.test(output)) process.stdout.write(`\n${output}\n`);
      if (!green) throw new Error(`${title}: red`);
      return /^\d+ passed, .*$/m.exec(output)?.[0] ?? '';
    });
  } catch (error) {
    if (!(error instanceof Error) || !error.message.endsWith(': red')) throw error;
  }
}

const quietly = (program, ...words) => run(program, words, { cwd: root, onOutput: () => {} });

/** A check has no tests to count: it is one that passes or fails. */
async function check(title, running) {
  await suite(title, async () => {
    const { code, output } = await running;
    return {
      code,
      output: `${output}\n${code === 0 ? '1 passed, 0 failed, 0 skipped' : '0 passed, 1 failed, 0 skipped'}\n`,
    };
  });
}

const vitest = (project) => quietly(bin('vitest'), 'run', '--project', project);

async function inFullKernel() {
  let output = '';
  const collect = (data) => {
    output += data;
  };
  const code = await runInKernel({
    command: [process.execPath, bin('vitest'), 'run', '--project', 'full-kernel'],
    work: root,
    memoryMib: 4096,
    cpus: 2,
    timeoutMs: 15 * 60_000,
    environment: { NO_COLOR: '1', CI: 'true' },
    stdout: collect,
    stderr: collect,
  });
  // Nothing of this suite may be skipped: these rows are proved here or nowhere.
  return { code: /[1-9]\d* skipped$/m.test(output) ? 1 : code, output };
}

async function main() {
  await setup('test', step);
  // Only the system tests need it; on a machine that has it, it takes no time.
  const guestImage = quietly(process.execPath, 'scripts/guest-image.mjs', '--debian');
  await check('formatting and lint', quietly(bin('biome'), 'check', '--error-on-warnings', '.'));
  await check('types of sources and tests', quietly(bin('tsc'), '-p', 'tsconfig.test.json'));
  await check('nothing unused', quietly(bin('knip')));
  await suite('unit tests', () => vitest('unit'));
  await check('Debian image for virtual machines (built beside the above)', guestImage);
  // Alone, because emulation is slow as it is: beside anything else its clock runs out before its work is done.
  await suite('full-kernel tests (Debian kernel in QEMU)', inFullKernel);
  await suite('kernel tests (network namespaces)', () => vitest('kernel'));
  await suite('system tests (labs of real processes)', () => vitest('system'));
}

try {
  await main();
} catch (error) {
  total.failed += 1;
  process.stdout.write(`${error instanceof SetupError ? `Error: ${error.message}` : error.stack}\n`);
}
process.stdout.write(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;
