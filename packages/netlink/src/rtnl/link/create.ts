import type { Connection, RequestOptions } from '../../connection/connection.ts';
import { ProtocolError } from '../../error.ts';
import type { Link } from './link.ts';
import { links, type NewLink } from './requests.ts';

/**
 * Makes a link and resolves with it, its index included: from the echo where the kernel sends one, else by a second
 * request.
 * @throws {NetlinkError} EEXIST: there is a link of that name.
 */
export async function createLink(connection: Connection, link: NewLink, options?: RequestOptions): Promise<Link> {
  const made =
    (await connection.request(links.create(link), options)) ??
    (await connection.request(links.get({ name: link.name }), options));
  if (made === undefined) throw new ProtocolError(`create link ${link.name}: the kernel did not tell of it`);
  return made;
}
