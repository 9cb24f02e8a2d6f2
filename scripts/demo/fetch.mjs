#!/usr/bin/env node
import { connect } from 'node:net';

/** usage: fetch.mjs ADDRESS PORT: prints what a lab's service answers, one line. A program of its own, so that it can be placed. */

const [address, port] = process.argv.slice(2);
const socket = connect({ host: address, port: Number(port) });
socket.setTimeout(3000, () => socket.destroy(new Error(`${address}:${port} does not answer`)));
socket.once('data', (data) => {
  process.stdout.write(data);
  socket.destroy();
});
socket.on('error', (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
