import { acceptWebSockets, type ListenAddress } from '@kcore/contract/ws';
import type { Logger } from 'pino';
import type { ControllerConfig } from './config.ts';
import { createController } from './controller.ts';
import { lockDataDirectory } from './data-directory.ts';
import { CatalogueFile } from './images/catalogue-file.ts';
import { present } from './present.ts';
import { LmdbStore } from './store/lmdb.ts';
import { isObserved } from './store/rows.ts';

export interface RunningController extends AsyncDisposable {
  readonly addresses: readonly ListenAddress[];
}

/**
 * The controller with its store and its sockets. Disposing it closes the connections, lets what is under way come to its
 * end, and closes the store.
 * @throws {KcoreError} and leaves nothing behind.
 */
export async function runController(config: ControllerConfig, log: Logger): Promise<RunningController> {
  const opened: AsyncDisposable[] = [];
  const close = async () => {
    for (const each of opened.splice(0).reverse()) await each[Symbol.asyncDispose]();
  };
  try {
    opened.push(await lockDataDirectory(config.dataDir));
    const store = await LmdbStore.open(config.dataDir, { observed: isObserved });
    opened.push(store);
    const { cluster, defaultNetwork, tls, listen, maxConnections, images, overcommit } = config;
    const catalogue = images === undefined ? undefined : new CatalogueFile(images, log);
    await catalogue?.refresh();
    const controller = await createController({
      cluster,
      store,
      log,
      ...present({ defaultNetwork, catalogue, overcommit }),
    });
    opened.push(controller);
    const acceptor = await acceptWebSockets({
      tls,
      listen,
      onConnection: (channel, connected) => controller.accept(channel, connected),
      onRefused: (reason, remote) => log.debug({ reason, remote }, 'connection refused'),
      ...(maxConnections === undefined ? {} : { maxConnections }),
    });
    opened.push(acceptor);
    log.info({ cluster, epoch: store.epoch, revision: store.revision, listen: acceptor.addresses }, 'listening');
    return { addresses: acceptor.addresses, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}
