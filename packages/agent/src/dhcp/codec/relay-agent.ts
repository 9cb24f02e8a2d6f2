import type { Ipv4Number } from '@kcore/contract';

/** Sub-options of option 82 that the server acts on; all others are only echoed. */
const LINK_SELECTION = 5;
const SERVER_ID_OVERRIDE = 11;

/** The first sub-option of that code that is an address; undefined also when the list is malformed before it. */
function addressIn(agent: Uint8Array, code: number): Ipv4Number | undefined {
  let offset = 0;
  while (offset + 2 <= agent.length) {
    const length = agent[offset + 1] ?? 0;
    const end = offset + 2 + length;
    if (end > agent.length) return undefined;
    if (agent[offset] === code && length === 4)
      return new DataView(agent.buffer, agent.byteOffset + offset + 2, 4).getUint32(0);
    offset = end;
  }
  return undefined;
}

/** The link that clients are on, where the relay agent's own address is of another. Source: RFC 3527 §3. */
export function linkSelection(agent: Uint8Array): Ipv4Number | undefined {
  return addressIn(agent, LINK_SELECTION);
}

/** What the client is to take for its server, so that its renewals pass the relay agent too. Source: RFC 5107 §4. */
export function serverIdOverride(agent: Uint8Array): Ipv4Number | undefined {
  return addressIn(agent, SERVER_ID_OVERRIDE);
}
