import { randomUUID } from 'node:crypto';
import { type Channel, closeCodes, describeIdentity, type Identity, Peer } from '@kcore/contract';
import type { Logger } from 'pino';
import { callerLog, handlersFor, type Service } from './api/handlers.ts';
import { type Clock, systemClock } from './clock.ts';
import { Sessions } from './fanout/sessions.ts';
import { builtInCatalogue, type CatalogueSource } from './images/catalogue.ts';
import { StoreTime } from './ipam/store-time.ts';
import type { Context } from './resources/context.ts';
import { type DefaultNetworkSpec, ensureDefaultNetwork } from './resources/default-network.ts';
import { DEFAULT_OVERCOMMIT, type Overcommit } from './resources/share.ts';
import { keys } from './store/rows.ts';
import type { Store } from './store/store.ts';

export interface ControllerOptions {
  /** Certificates of other clusters are not let in. */
  readonly cluster: string;
  /** Stays the caller's: it is not closed with the controller. */
  readonly store: Store;
  readonly log: Logger;
  readonly clock?: Clock;
  readonly defaultNetwork?: DefaultNetworkSpec;
  readonly newUid?: () => string;
  /** Where names of images are looked up; the built-in ones unless told. */
  readonly catalogue?: CatalogueSource;
  readonly overcommit?: Partial<Overcommit>;
}

/** Who is at the other end of a channel; `fingerprint` is that of its certificate. */
export interface Connected {
  readonly identity: Identity;
  readonly fingerprint: string;
  readonly remote: string;
}

export interface Controller extends AsyncDisposable {
  /** Serves one connection, from a WebSocket or from `channelPair()`, until it ends. */
  accept(channel: Channel, connected: Connected): void;
  /** Nodes whose session is up. */
  readonly connectedNodes: number;
}

/** The controller without sockets and files. @throws {KcoreError} when `defaultNetwork` is not possible. */
export async function createController(options: ControllerOptions): Promise<Controller> {
  const { store, log, cluster } = options;
  const clock = options.clock ?? systemClock;
  const sessions = new Sessions(store, log.child({ component: 'sessions' }));
  const context: Context = {
    clock,
    time: StoreTime.start(store, clock),
    presence: sessions,
    newUid: options.newUid ?? randomUUID,
    catalogue: options.catalogue ?? builtInCatalogue,
    overcommit: { ...DEFAULT_OVERCOMMIT, ...options.overcommit },
  };
  const service: Service = { store, sessions, context, log };
  try {
    await store.transact((tx) => ensureDefaultNetwork(tx, context, options.defaultNetwork ?? {}));
  } catch (error) {
    await sessions[Symbol.asyncDispose]();
    throw error;
  }
  const peers = new Set<Peer>();
  return {
    get connectedNodes() {
      return sessions.connected;
    },
    accept(channel, connected) {
      const refusal = refusalOf(store, cluster, connected);
      if (refusal !== undefined) {
        log.warn({ remote: connected.remote, reason: refusal }, 'connection refused');
        channel.close(closeCodes.denied, refusal);
        return;
      }
      serve(service, peers, channel, connected);
    },
    async [Symbol.asyncDispose]() {
      for (const peer of peers) peer.close(closeCodes.goingAway, 'the controller is shutting down');
      await sessions[Symbol.asyncDispose]();
    },
  };
}

function refusalOf(store: Store, cluster: string, { identity, fingerprint }: Connected): string | undefined {
  if (identity.cluster !== cluster) return `this is cluster '${cluster}', the certificate is of '${identity.cluster}'`;
  if (identity.kind === 'controller') return 'a controller is no client';
  if (store.get(keys.revoked(fingerprint)) === undefined) return undefined;
  return `${describeIdentity(identity)} was deleted; its certificate is not let in any more`;
}

function serve(
  service: Service,
  peers: Set<Peer>,
  channel: Channel,
  { identity, fingerprint, remote }: Connected,
): void {
  const log = callerLog(service.log, identity, remote);
  const peer = new Peer(channel, {
    onProblem: (event, error) => log.warn({ err: error, event }, 'connection problem'),
  });
  peer.serve(handlersFor(service, { peer, identity, fingerprint, log }));
  peers.add(peer);
  log.debug('connected');
  void peer.closed.then(({ code, reason }) => {
    peers.delete(peer);
    log.debug({ code, reason }, 'disconnected');
  });
}
