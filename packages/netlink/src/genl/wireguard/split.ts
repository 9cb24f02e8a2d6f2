import { deviceAttributes, type WireguardDevice, type WireguardPeer } from './attributes.ts';

/** A message stays below this: an attribute holds 64 KiB, and long sendmsg calls hold up others. */
const LIMIT = 16 * 1024;
/** Allowed addresses in one message, of one peer: about 9 KiB. */
const ADDRESSES = 200;

/**
 * A configuration as messages that are short enough, in order. What is replaced as a whole is emptied by the first
 * message and filled by the following ones, so that traffic may be lost in between; a short one is a single message.
 */
export function splitDevice(device: WireguardDevice): readonly WireguardDevice[] {
  const { peers, ...settings } = device;
  if (peers === undefined) return [device];
  const messages: WireguardDevice[] = [];
  let current: WireguardPeer[] = [];
  let size = deviceAttributes.measure(settings);
  const who = {
    ...(device.index === undefined ? {} : { index: device.index }),
    ...(device.name === undefined ? {} : { name: device.name }),
  };
  const close = (): void => {
    messages.push({ ...(messages.length === 0 ? settings : who), peers: current });
    current = [];
    size = 0;
  };
  for (const piece of peers.flatMap(splitPeer)) {
    const length = deviceAttributes.measure({ peers: [piece] });
    if (current.length > 0 && size + length > LIMIT) close();
    current.push(piece);
    size += length;
  }
  if (current.length > 0 || messages.length === 0) close();
  return messages;
}

function splitPeer(peer: WireguardPeer): readonly WireguardPeer[] {
  const { allowedIps = [], publicKey } = peer;
  if (allowedIps.length <= ADDRESSES) return [peer];
  const pieces: WireguardPeer[] = [{ ...peer, allowedIps: allowedIps.slice(0, ADDRESSES) }];
  for (let at = ADDRESSES; at < allowedIps.length; at += ADDRESSES) {
    // Without the flags: what the first piece replaced is added to.
    pieces.push({
      ...(publicKey === undefined ? {} : { publicKey }),
      allowedIps: allowedIps.slice(at, at + ADDRESSES),
    });
  }
  return pieces;
}

/**
 * One device of the messages that tell of it: the kernel goes on in another message where one is full, also in the
 * middle of a peer.
 */
export function mergeDevices(messages: readonly WireguardDevice[]): readonly WireguardDevice[] {
  const devices = new Map<number | string, WireguardDevice>();
  for (const message of messages) {
    const id = message.index ?? message.name ?? '';
    devices.set(id, joined(devices.get(id), message));
  }
  return [...devices.values()];
}

function joined(before: WireguardDevice | undefined, { peers: more, ...settings }: WireguardDevice): WireguardDevice {
  if (before?.peers === undefined && more === undefined) return { ...before, ...settings };
  const peers = [...(before?.peers ?? [])];
  for (const peer of more ?? []) {
    const last = peers.at(-1);
    if (last === undefined || last.publicKey !== peer.publicKey) peers.push(peer);
    else {
      const allowedIps = [...(last.allowedIps ?? []), ...(peer.allowedIps ?? [])];
      peers[peers.length - 1] = { ...last, ...peer, allowedIps };
    }
  }
  return { ...before, ...settings, peers };
}
