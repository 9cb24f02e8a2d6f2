#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { DemoError, kctl, kctlPath } from './demo/shell.mjs';
import { nat, overlay, repair, tables } from './demo/story.mjs';
import { waitForCtrlC } from './demo/wait.mjs';
import { SetupError, setup } from './setup/setup.mjs';
import { bold, dim, green, red, step } from './setup/steps.mjs';

/** Sets everything up, then shows the main job on this one machine. */

const LAB = 'demo';
const usage = `usage: npm start [-- --once]

Sets everything up and shows kcore at work: three nodes in network namespaces, an overlay, a NAT network, guests.
  --once   end when all is shown, also on a terminal; status 0 only if every step held
`;

async function show() {
  console.log(bold('kcore: networks for virtual machines on plain Linux hosts\n'));
  await setup('start', step);
  await step('start a cluster of three nodes in network namespaces', async () => {
    if (await labExists()) await kctl(LAB, ['lab', 'down', '--name', LAB]);
    await kctl(LAB, ['lab', 'up', '--name', LAB, '--nodes', '3', '--detach']);
    return 'one controller, three agents, mutual TLS between them';
  });
  await overlay(LAB);
  await nat(LAB);
  await repair(LAB);
  await tables(LAB);
}

async function labExists() {
  try {
    await kctl(LAB, ['lab', 'status', '--name', LAB, '-o', 'json']);
    return true;
  } catch {
    return false;
  }
}

function tell() {
  const kctlHere = `${kctlPath.replace(`${process.cwd()}/`, '')} --context lab-${LAB}`;
  console.log(`
${green('Everything held.')} The cluster stays up until Ctrl-C. In a second terminal, as root:

   ${dim('$')} ${kctlHere} get networks
   ${dim('$')} ${kctlHere} describe node node-1
   ${dim('$')} ${kctlHere} create vm web-03 --network private --image ubuntu-24.04 --cpus 2 --memory 4096
   ${dim('$')} ip netns exec kcl-${LAB}-vm-web-01 ping 10.250.0.3
   ${dim('$')} ip netns exec kcl-${LAB}-node-1 nft flush ruleset     ${dim('# and look again')}
`);
}

async function tearDown() {
  await step('take the cluster down', async () => {
    if (await labExists()) await kctl(LAB, ['lab', 'down', '--name', LAB]);
    return 'nothing is left';
  });
}

async function main() {
  const { values } = parseArgs({
    options: { once: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const interrupted = waitForCtrlC();
  try {
    const ended = await Promise.race([show().then(() => 'shown'), interrupted]);
    if (ended === 'shown' && process.stdout.isTTY && !values.once) {
      tell();
      await interrupted;
      console.log();
    }
  } catch (error) {
    process.exitCode = 1;
    const known = error instanceof SetupError || error instanceof DemoError;
    console.error(`\n${red('Error:')} ${known ? error.message : error.stack}`);
  }
  try {
    if (!(process.exitCode === 1 && process.getuid?.() !== 0)) await tearDown();
  } catch (error) {
    process.exitCode = 1;
    console.error(`\n${red('Error:')} ${error.message}`);
  }
}

await main();
process.exit();
