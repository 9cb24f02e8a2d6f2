import { type Background, mustRun, startBackground } from './command.ts';
import { placed } from './namespace.ts';

/** What a lab's service says first to who connects: one line. @throws when nobody answers within three seconds. */
export async function askTcp(netns: string, address: string, port: number): Promise<string> {
  const script = `exec 3<>/dev/tcp/${address}/${port} && read -r -t 3 line <&3 && printf '%s' "$line"`;
  return mustRun(placed(netns, ['timeout', '3', 'bash', '-c', script]));
}

/** As `askTcp`, with a datagram. (bash would read it byte by byte, and lose all but the first.) */
export async function askUdp(netns: string, address: string, port: number): Promise<string> {
  const script = `
    const socket = require('node:dgram').createSocket('udp4');
    socket.on('message', (message) => { console.log(String(message).trim()); process.exit(); });
    socket.on('error', (error) => { console.error(error.message); process.exit(1); });
    socket.send('hello', ${port}, '${address}');
    setTimeout(() => { console.error('no answer within 2 s'); process.exit(1); }, 2000);`;
  return (await mustRun(placed(netns, [process.execPath, '-e', script]))).trim();
}

/** One UDP flow, from one port, that asks ten times a second and prints each answer on a line of its own. */
export function startUdpFlow(netns: string, address: string, port: number): Background {
  const script = `
    const socket = require('node:dgram').createSocket('udp4');
    socket.on('message', (message) => console.log(String(message).trim()));
    socket.on('error', () => undefined);
    setInterval(() => socket.send('hello', ${port}, '${address}', () => undefined), 100);`;
  return startBackground(placed(netns, [process.execPath, '-e', script]));
}
