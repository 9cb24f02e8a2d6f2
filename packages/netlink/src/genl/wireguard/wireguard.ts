import type { Connection, RequestOptions } from '../../connection/connection.ts';
import { UnknownOutcomeError } from '../../error.ts';
import type { DumpRequest, Request } from '../../message/request.ts';
import { WG_CMD_GET_DEVICE, WG_CMD_SET_DEVICE } from '../../uapi/wireguard.ts';
import type { GenlDefinition } from '../family.ts';
import { deviceAttributes, type WireguardDevice } from './attributes.ts';
import { mergeDevices, splitDevice } from './split.ts';

/** How a request names its link. */
export type WireguardSelector = { readonly index: number } | { readonly name: string };

/** What is to be changed. `flags.replacePeers` takes away all peers first. */
export type WireguardChange = Omit<WireguardDevice, 'index' | 'name' | 'publicKey' | 'unknown'>;

/** The requests of the wireguard family, which `openFamily` resolves with. */
export interface WireguardRequests {
  /** The messages about a device, several where it has many peers: `readWireguard` puts them together. ENODEV, EOPNOTSUPP. */
  get(link: WireguardSelector): DumpRequest<WireguardDevice>;
  /** The requests of a change, to be executed in order: `changeWireguard` does. */
  change(link: WireguardSelector, wanted: WireguardChange): readonly Request<void>[];
}

/** Keys, peers and addresses of links of kind "wireguard". Source: include/uapi/linux/wireguard.h. */
export const wireguardFamily: GenlDefinition<WireguardRequests, never> = {
  name: 'wireguard',
  version: 1,
  requests: (messages) => ({
    get: (link) =>
      messages.dump({
        operation: `get wireguard device ${textOf(link)}`,
        command: WG_CMD_GET_DEVICE,
        set: deviceAttributes,
        attributes: { ...link },
        replySet: deviceAttributes,
      }),
    change: (link, wanted) =>
      splitDevice({ ...link, ...wanted }).map((attributes) =>
        messages.act({
          operation: `change wireguard device ${textOf(link)} (${Object.keys(wanted).join(', ')})`,
          command: WG_CMD_SET_DEVICE,
          set: deviceAttributes,
          attributes,
        }),
      ),
  }),
  // The family has no multicast groups.
  event: () => undefined,
};

function textOf(link: WireguardSelector): string {
  return 'index' in link ? `#${link.index}` : link.name;
}

/**
 * @throws {NetlinkError} ENODEV: no such link. EOPNOTSUPP: it is of another kind.
 * @throws {UnknownOutcomeError} It changed while it was read, five times: peers may be missing. Read it again.
 */
export async function readWireguard(
  connection: Connection,
  requests: WireguardRequests,
  link: WireguardSelector,
  options?: RequestOptions,
): Promise<WireguardDevice | undefined> {
  const request = requests.get(link);
  const { items, interrupted } = await connection.dump(request, options);
  // Who compares it with what is wanted would take a peer that is missing in one list for one that is not there.
  if (interrupted) throw new UnknownOutcomeError(request.operation, 'it changed again and again while it was read');
  return mergeDevices(items)[0];
}

/**
 * Changes a device, in one message where that is short enough. The first failure ends it.
 * @throws {NetlinkError} Messages before the one that failed are done.
 */
export async function changeWireguard(
  connection: Connection,
  requests: WireguardRequests,
  link: WireguardSelector,
  wanted: WireguardChange,
  options?: RequestOptions,
): Promise<void> {
  for (const request of requests.change(link, wanted)) await connection.request(request, options);
}
