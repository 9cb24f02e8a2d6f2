import { ValueError } from '../../codec/error.ts';
import { type Request, requestOf } from '../../message/request.ts';
import { RTM_NEWLINK, RTM_SETLINK } from '../../uapi/rtnetlink.ts';
import { AF_BRIDGE } from '../../uapi/socket.ts';
import { bridgeLinkBody, linkBody } from './attributes.ts';
import type { BridgePort } from './bridge-port.ts';
import { linkHeader } from './header.ts';
import type { LinkChange } from './new-link.ts';
import { type LinkSelector, selected } from './selector.ts';
import { checkChange } from './validate.ts';

/**
 * Changes a link. A new `name` needs a selection by index, and so does `port`.
 * @throws {ValueError} Something that the kernel would take and not do.
 */
export function change(selector: LinkSelector, wanted: LinkChange): Request<void> {
  checkChange(wanted);
  const { index, attributes, text } = selected(selector);
  const { flags, kind, data, port, bondPort, ...rest } = wanted;
  const operation = `change link ${text} (${Object.keys(wanted).join(', ')})`;
  if (port !== undefined) return changePort(operation, index, port, Object.keys(wanted).length === 1);
  if (rest.name !== undefined && index === 0)
    throw new ValueError('a link is renamed by its index, not by its name', 'name');
  const linkinfo = {
    ...(kind === undefined ? {} : { kind }),
    ...(data === undefined ? {} : { data }),
    ...(bondPort === undefined ? {} : { slaveKind: 'bond', slaveData: bondPort }),
  };
  return requestOf({
    operation,
    type: RTM_NEWLINK,
    codec: linkBody,
    value: {
      header: linkHeader({ index, ...(flags === undefined ? {} : { flags }) }),
      attributes: { ...attributes, ...rest, ...(Object.keys(linkinfo).length === 0 ? {} : { linkinfo }) },
    },
  });
}

/**
 * The bridge's own message (AF_BRIDGE) and not IFLA_INFO_SLAVE_DATA: both take all settings, and only this one fails
 * for a link that is no port.
 */
function changePort(operation: string, index: number, port: BridgePort, alone: boolean): Request<void> {
  if (index === 0 || !alone) {
    throw new ValueError(`${operation}: these settings are changed by themselves, of a link selected by index`, 'port');
  }
  const value = { header: linkHeader({ family: AF_BRIDGE, index }), attributes: { port } };
  return requestOf({ operation, type: RTM_SETLINK, codec: bridgeLinkBody, value });
}
