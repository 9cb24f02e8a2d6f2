#!/usr/bin/env node
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

/**
 * Notes in test/capture/link-kinds.json what ip(8) and the kernel say to each other: for each command of the file the
 * IFLA_LINKINFO that iproute2 sends, and the one that the kernel tells of the link then, both by strace. In a kernel that
 * has the kinds:
 *
 *   node scripts/run-in-kernel.mjs -- node packages/netlink/test/capture/link-kinds.mjs
 */

const FILE = new URL('link-kinds.json', import.meta.url);
const [IFLA_IFNAME, IFLA_LINKINFO] = [3, 18];
const [NEWLINK, IFINFOMSG, NLMSG_HEADER] = [16, 16, 16];

const run = (program, ...words) =>
  execFileSync(program, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** The buffers that a program hands to sendmsg (write) or gets from recvmsg (read), of strace's hexadecimal dump. */
function traced(direction, words) {
  const call = direction === 'write' ? 'sendmsg' : 'recvmsg';
  run('strace', '-o', '/tmp/trace', '-e', `trace=${call}`, '-e', `${direction}=all`, ...words);
  const found = [];
  for (const line of readFileSync('/tmp/trace', 'utf8').split('\n')) {
    if (/^ \* \d+ bytes in buffer/.test(line)) found.push([]);
    const dump = /^ \| [0-9a-f]+ {2}([0-9a-f ]{49})/.exec(line)?.[1];
    if (dump !== undefined) found.at(-1)?.push(dump.replaceAll(' ', ''));
  }
  return found.map((lines) => Buffer.from(lines.join(''), 'hex'));
}

/** The attributes of one message, by number. */
function attributesOf(bytes, from, end) {
  const found = new Map();
  for (let at = from; at + 4 <= end && bytes.readUInt16LE(at) >= 4; at += (bytes.readUInt16LE(at) + 3) & ~3) {
    found.set(bytes.readUInt16LE(at + 2) & 0x3fff, bytes.subarray(at + 4, at + bytes.readUInt16LE(at)));
  }
  return found;
}

/** IFLA_LINKINFO of the link `theirs`: ip(8) also asks for the link that it is made on. */
function linkInfo(all) {
  for (const bytes of all) {
    for (let at = 0; at + NLMSG_HEADER <= bytes.length; at += (bytes.readUInt32LE(at) + 3) & ~3) {
      const end = at + bytes.readUInt32LE(at);
      if (end <= at || end > bytes.length || bytes.readUInt16LE(at + 4) !== NEWLINK) break;
      const attributes = attributesOf(bytes, at + NLMSG_HEADER + IFINFOMSG, end);
      const name = attributes.get(IFLA_IFNAME)?.toString().replaceAll('\0', '');
      if (name === 'theirs' && attributes.has(IFLA_LINKINFO)) return attributes.get(IFLA_LINKINFO).toString('hex');
    }
  }
  throw new Error('no IFLA_LINKINFO in the trace');
}

const rows = JSON.parse(readFileSync(FILE, 'utf8')).rows;
run('sysctl', '-qw', 'net.core.fb_tunnels_only_for_init_net=2');
run('modprobe', '-a', 'fou');
run('ip', 'link', 'add', 'lower', 'index', '100', 'type', 'dummy');
const captured = rows.map(({ command }) => {
  const words = command.split(' ');
  const sent = linkInfo(traced('write', words));
  const told = linkInfo(traced('read', ['ip', '-d', 'link', 'show', 'dev', 'theirs']));
  run('ip', 'link', 'delete', 'theirs');
  return { command, sent, told };
});
const made = `${run('ip', '-V').trim()}, Linux ${run('uname', '-r').trim()}`;
writeFileSync(FILE, `${JSON.stringify({ made, rows: captured }, undefined, 2)}\n`);
