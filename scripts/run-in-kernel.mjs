#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { runInKernel } from './kernel-box/box.mjs';

const usage = `usage: node scripts/run-in-kernel.mjs [--cpus N] [--memory MIB] [--timeout SECONDS] [--env NAME]... -- command [argument...]

Runs a command as root in a full Debian kernel (QEMU, software emulation), with this machine's programs and files.
What it writes below the current directory stays; everything else it writes is gone afterwards.
Ends with the command's exit status; 124 when it took too long, 125 when the guest told none.

  node scripts/run-in-kernel.mjs -- ip link add link lo name lo.5 type vlan id 5
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    cpus: { type: 'string', default: '1' },
    memory: { type: 'string', default: '2048' },
    timeout: { type: 'string', default: '600' },
    env: { type: 'string', multiple: true, default: [] },
    help: { type: 'boolean', default: false },
  },
});
if (values.help || positionals.length === 0) {
  process.stderr.write(usage);
  process.exit(values.help ? 0 : 2);
}
const environment = Object.fromEntries(values.env.map((name) => [name, process.env[name] ?? '']));
process.exitCode = await runInKernel({
  command: positionals,
  work: process.cwd(),
  cpus: Number(values.cpus),
  memoryMib: Number(values.memory),
  timeoutMs: Number(values.timeout) * 1000,
  environment,
});
