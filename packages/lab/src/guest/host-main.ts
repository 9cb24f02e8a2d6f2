import { parseArgs } from 'node:util';
import { openGuestHost } from './host.ts';
import { type GuestServer, serveGuests } from './serve.ts';

// The process that keeps a lab node's guests. Ending it ends no guest.
const { values } = parseArgs({
  options: {
    lab: { type: 'string' },
    directory: { type: 'string' },
    socket: { type: 'string' },
    nsenter: { type: 'string' },
    udhcpc: { type: 'string' },
  },
});
const { lab, directory, socket, nsenter, udhcpc } = values;
if (!lab || !directory || !socket || !nsenter || !udhcpc) {
  throw new Error('usage: host-main --lab NAME --directory DIR --socket PATH --nsenter PATH --udhcpc PATH');
}
const servers: GuestServer[] = [];
const host = await openGuestHost({
  lab,
  directory,
  nsenter,
  udhcpc,
  onChanged: (name) => {
    for (const server of servers) server.changed(name);
  },
});
servers.push(await serveGuests(socket, host));
process.stdout.write(`${new Date().toISOString()} hosting guests, ${host.observe().length} found\n`);
