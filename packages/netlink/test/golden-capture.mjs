#!/usr/bin/env node
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Captures what iproute2 sends for each command of `golden/iproute2.json`, and writes it there. Run as root:
 * `node test/golden-capture.mjs`. Needs strace. The commands run one after the other in a namespace of their own with
 * links of fixed indexes: va 10, vb 11, br 12, vx 13.
 */

const file = join(import.meta.dirname, 'golden/iproute2.json');
const rows = JSON.parse(readFileSync(file, 'utf8'));
const netns = `kct-${process.pid}-golden`;
const directory = mkdtempSync(join(tmpdir(), 'kct-golden-'));
const run = (program, ...words) =>
  execFileSync('ip', ['netns', 'exec', netns, program, ...words], { encoding: 'utf8' });

const scene = [
  'ip link add name va index 10 up type veth peer name vb index 11',
  'ip link set vb up',
  'ip link add name br index 12 up type bridge',
  'ip link add name vx index 13 up type vxlan id 7 dstport 4789 local 192.0.2.1',
  'ip link set lo up',
  'ip addr add 10.0.0.1/24 dev va',
  'ip addr add 2001:db8::1/64 dev va nodad',
  'ip nexthop add id 1 via 10.0.0.8 dev va',
  'ip nexthop add id 2 via 10.0.0.9 dev va',
  'tc qdisc add dev vb clsact',
];

/** The last message that was sent is the command's own; those before it look up names. As strace dumps it: 16 bytes a line. */
function lastMessage(trace) {
  const calls = trace.split(/^\S*\s*send(?:msg|to)\(/m).slice(1);
  const bytes = (calls.at(-1) ?? '')
    .split('\n')
    .filter((line) => line.startsWith(' | '))
    .map((line) => line.slice(10, 59).replaceAll(/[^0-9a-f]/g, ''))
    .join('');
  const length = Buffer.from(bytes, 'hex').readUInt32LE(0);
  return bytes.slice(0, length * 2);
}

execFileSync('ip', ['netns', 'add', netns]);
try {
  for (const command of scene) run('sh', '-c', command);
  for (const row of rows) {
    const trace = join(directory, 'trace');
    run('sh', '-c', `strace -o ${trace} -e trace=sendmsg,sendto -e write=all ${row.command} || true`);
    const message = lastMessage(readFileSync(trace, 'utf8'));
    row.flags = Buffer.from(message, 'hex').readUInt16LE(6);
    row.type = Buffer.from(message, 'hex').readUInt16LE(4);
    row.payload = message.slice(32);
  }
} finally {
  execFileSync('ip', ['netns', 'del', netns]);
  rmSync(directory, { recursive: true });
}
writeFileSync(file, `[\n${rows.map((row) => `  ${JSON.stringify(row)}`).join(',\n')}\n]\n`);
