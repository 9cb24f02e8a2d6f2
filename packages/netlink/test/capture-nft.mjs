// Captures what nft(8) sends for a file of rules, so that the golden bytes can be made anew:
//   node test/capture-nft.mjs test/kernel/ruleset.nft test/golden/nft-ruleset.bin
// Needs root, nft and strace. It runs in a namespace of its own, with the links v0 and v1 that the file may name.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

const [file, output] = process.argv.slice(2);
if (file === undefined || output === undefined) throw new Error('usage: capture-nft.mjs RULES OUTPUT');
const links = 'ip link add v0 type veth peer name v1';
const script = `${links} && exec strace -f -e raw=sendmsg -e write=all -e trace=sendmsg nft -f "$1" 2>&1`;
const trace = execFileSync('unshare', ['-n', 'sh', '-c', script, 'sh', file], { encoding: 'utf8', maxBuffer: 1 << 30 });

// nft sends the batch last, in one call; strace shows its bytes as ` | 00010  65 72 00 00 08 00 05 00  00 … |`.
const lines = trace.slice(trace.lastIndexOf('sendmsg(')).split('\n');
const hex = lines.map((line) => /^ \| [0-9a-f]{5,} {2}((?:[0-9a-f]{2} {1,2}){1,16})/.exec(line)?.[1] ?? '');
const bytes = Buffer.from(hex.join('').replaceAll(' ', ''), 'hex');
if (bytes.length === 0) throw new Error(`nft sent nothing:\n${trace.slice(-2000)}`);
writeFileSync(output, bytes);
