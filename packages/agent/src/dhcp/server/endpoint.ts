import type { Clock } from '../../model/clock.ts';
import type { PacketSocket, PacketSockets } from '../../model/packet-socket.ts';
import { ETHERTYPE_ARP } from '../codec/arp.ts';
import { SERVER_PORT } from '../codec/packet.ts';
import { ETHERTYPE_IPV4 } from '../codec/received-frame.ts';
import { DHCP_REPLIES } from '../codec/reply-filter.ts';
import { ArpEar } from './arp-ear.ts';
import { ArpProber } from './arp-prober.ts';
import { Desk, type DeskOptions } from './desk.ts';
import type { DhcpLog } from './dhcp-log.ts';
import type { LinkSockets } from './outbox.ts';

export interface EndpointOptions extends Omit<DeskOptions, 'link'> {
  readonly sockets: PacketSockets;
  readonly clock: Clock;
  readonly log: DhcpLog;
}

/** After a failed opening; a bridge that is made again is found within two seconds even when nobody says so. */
const RETRY_FIRST = 250;
const RETRY_LONGEST = 2000;
/** Batches of requests whose replies are not yet sent; more wait in the socket's buffer. */
const MAX_IN_FLIGHT = 16;

/**
 * One network on its link: opens the sockets, hands what they receive to the desk, and opens them again when the link
 * was deleted and made again.
 */
export class Endpoint implements AsyncDisposable {
  readonly desk: Desk;
  readonly #options: EndpointOptions;
  readonly #link: string;
  readonly #stopped = new AbortController();
  /** Settles when the sockets are open, or could not be opened for now. */
  readonly ready: Promise<void>;
  readonly #loop: Promise<void>;
  #wake = new AbortController();

  constructor(options: EndpointOptions) {
    this.#options = options;
    this.#link = options.network.spec.link;
    this.desk = new Desk(options);
    let attempted = (): void => {};
    this.ready = new Promise((resolve) => {
      attempted = resolve;
    });
    this.#loop = this.#serve(attempted).finally(attempted);
  }

  get link(): string {
    return this.#link;
  }

  /** The host's links changed: tries again at once when there is no socket. */
  retry(): void {
    this.#wake.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort();
    this.#wake.abort();
    await this.#loop;
  }

  async #serve(attempted: () => void): Promise<void> {
    let delay = RETRY_FIRST;
    while (!this.#stopped.signal.aborted) {
      this.#wake = new AbortController();
      const sockets = await this.#open();
      attempted();
      if (sockets !== undefined) {
        const since = this.#options.clock.monotonic();
        await this.#receive(sockets);
        // On a link that is down they open and end at once: that is a failure as well.
        if (this.#options.clock.monotonic() - since > RETRY_LONGEST) delay = RETRY_FIRST;
      }
      if (this.#stopped.signal.aborted) break;
      await this.#options.clock.sleep(delay, this.#wake.signal).catch(() => {});
      delay = Math.min(2 * delay, RETRY_LONGEST);
    }
  }

  async #open(): Promise<LinkSockets | undefined> {
    const { sockets, log } = this.#options;
    const link = this.#link;
    const opened: AsyncDisposable[] = [];
    const keep = async <T extends AsyncDisposable>(opening: Promise<T>): Promise<T> => {
      const socket = await opening;
      opened.push(socket);
      return socket;
    };
    try {
      const packet = await keep(sockets.openPacket({ link, etherType: ETHERTYPE_ARP }));
      const watch = await keep(sockets.openPacket({ link, etherType: ETHERTYPE_IPV4, filter: DHCP_REPLIES }));
      return { packet, watch, udp: await keep(sockets.openUdp({ link, port: SERVER_PORT })) };
    } catch (err) {
      await Promise.allSettled(opened.map((socket) => socket[Symbol.asyncDispose]()));
      log.debug({ link, err }, 'dhcp sockets not open');
      return undefined;
    }
  }

  /** Until one of the sockets ends, because the link is gone or down, or the endpoint is stopped. */
  async #receive(sockets: LinkSockets): Promise<void> {
    const ended = new AbortController();
    const stop = (): void => ended.abort();
    this.#stopped.signal.addEventListener('abort', stop, { once: true });
    if (this.#stopped.signal.aborted) stop();
    const { packet, watch, udp } = sockets;
    const ear = new ArpEar(packet, (arp) => this.desk.hearArp(arp));
    const prober = new ArpProber({
      clock: this.#options.clock,
      mac: () => packet.mac,
      send: (frame) => packet.send([frame]),
      heardAll: () => ear.heardAll(),
      lost: () => packet.dropped(),
    });
    this.desk.attach({ sockets, prober });
    this.#options.log.debug({ link: this.#link }, 'dhcp sockets open');
    const results = await Promise.allSettled(
      [
        this.#receiveRequests(sockets, ear, ended.signal),
        ear.listen(ended.signal),
        this.#hearServers(watch, ended.signal),
      ].map((listening) => listening.finally(stop)),
    );
    this.desk.detach();
    prober.stop();
    this.#stopped.signal.removeEventListener('abort', stop);
    for (const result of results) {
      if (result.status === 'rejected')
        this.#options.log.debug({ link: this.#link, err: result.reason }, 'dhcp socket ended');
    }
    await Promise.allSettled([udp, packet, watch].map((socket) => socket[Symbol.asyncDispose]()));
  }

  async #hearServers(watch: PacketSocket, signal: AbortSignal): Promise<void> {
    for await (const frames of watch.receive(signal)) for (const frame of frames) this.desk.hear(frame);
  }

  async #receiveRequests({ udp }: LinkSockets, ear: ArpEar, signal: AbortSignal): Promise<void> {
    const inFlight = new Set<Promise<void>>();
    for await (const batch of udp.receive(signal)) {
      // Who uses an address may have said so before its client's REQUEST came, on the other socket.
      if (this.desk.network.spec.probe !== false) await ear.heardAll();
      const done: Promise<void> = this.desk.handle(batch).finally(() => inFlight.delete(done));
      inFlight.add(done);
      if (inFlight.size >= MAX_IN_FLIGHT) await Promise.race(inFlight);
    }
    await Promise.all(inFlight);
  }
}
