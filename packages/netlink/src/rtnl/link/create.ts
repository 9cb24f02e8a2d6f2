import { ValueError } from '../../codec/error.ts';
import type { Connection, RequestOptions } from '../../connection/connection.ts';
import { ProtocolError } from '../../error.ts';
import type { Link } from './link.ts';
import type { NewLink } from './new-link.ts';
import { links } from './requests.ts';

/**
 * Makes a link and resolves with it, its index included: from the echo where the kernel sends one, else by a second
 * request.
 * @throws {NetlinkError} EEXIST: there is a link of that name.
 * @throws {ValueError} The link is to be made in another namespace, which this connection does not see into: request
 * `links.create` and look there.
 */
export async function createLink(connection: Connection, link: NewLink, options?: RequestOptions): Promise<Link> {
  if (link.netnsFd !== undefined || link.netnsPid !== undefined || link.targetNetnsId !== undefined) {
    const path = ['netnsFd', 'netnsPid'].find((name) => name in link) ?? 'targetNetnsId';
    throw new ValueError(`link ${link.name} goes to another namespace; request links.create instead`, path);
  }
  const made =
    (await connection.request(links.create(link), options)) ??
    (await connection.request(links.get({ name: link.name }), options));
  if (made === undefined) throw new ProtocolError(`create link ${link.name}: the kernel did not tell of it`);
  return made;
}
