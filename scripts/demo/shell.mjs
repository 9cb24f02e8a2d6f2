import { join } from 'node:path';
import { run } from '../setup/run.mjs';
import { root } from '../setup/setup.mjs';
import { bold, dim, step } from '../setup/steps.mjs';

export const kctlPath = join(root, 'node_modules/.bin/kctl');

/** A step of the demo that did not hold; its message is shown, and the demo ends red. */
export class DemoError extends Error {}

async function must(program, arguments_, what) {
  const { code, output } = await run(program, arguments_, { cwd: root, onOutput: () => {} });
  if (code !== 0) throw new DemoError(`${what} ended with status ${code}:\n${output.trimEnd()}`);
  return output.trimEnd();
}

/** Runs kctl against the demo's lab, silently. */
export function kctl(lab, arguments_) {
  const all = arguments_[0] === 'lab' ? arguments_ : ['--context', `lab-${lab}`, ...arguments_];
  return must(process.execPath, [kctlPath, ...all], `kctl ${arguments_.join(' ')}`);
}

/** Shows a kctl command as a person would type it, and what it printed. */
export async function show(lab, arguments_) {
  process.stdout.write(`\n   ${dim('$')} ${bold(`kctl ${arguments_.join(' ')}`)}\n`);
  const output = await kctl(lab, arguments_);
  process.stdout.write(`${output.replace(/^(?=.)/gm, '     ')}\n`);
  return output;
}

/** Runs a program in a network namespace. */
export function inNamespace(netns, program, arguments_) {
  return must('ip', ['netns', 'exec', netns, program, ...arguments_], `${program} in ${netns}`);
}

/** What a lab's service says to a connection from this network namespace, in one line. */
export async function fetchFrom(netns, address, port) {
  const fetch = join(root, 'scripts/demo/fetch.mjs');
  return (await inNamespace(netns, process.execPath, [fetch, address, String(port)])).trim();
}

/** One step that must hold: `probe` resolves with what it saw, or throws; it is tried again until the deadline. */
export function holds(title, probe, { seconds = 20 } = {}) {
  return step(title, async () => {
    const deadline = performance.now() + seconds * 1000;
    for (;;) {
      try {
        return await probe();
      } catch (error) {
        if (performance.now() > deadline) throw error;
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
    }
  });
}
