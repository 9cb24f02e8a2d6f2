import { isDeepStrictEqual } from 'node:util';
import {
  describeIdentity,
  type Handlers,
  type Identity,
  KcoreError,
  type MethodName,
  type NodeFacts,
  type Params,
  type Peer,
  type Result,
} from '@kcore/contract';
import type { Logger } from 'pino';
import { PROTOCOL, type Sessions } from '../fanout/sessions.ts';
import type { Catalogue } from '../images/catalogue.ts';
import { present } from '../present.ts';
import { openConsole, openLogs } from '../relay/guests.ts';
import { deleteImage, imagesOnNodes, uploadImage } from '../relay/images.ts';
import type { Context } from '../resources/context.ts';
import { deleteKeptDisks, listKeptDisks } from '../resources/kept-disks.ts';
import { applyNetwork } from '../resources/network-apply.ts';
import { createNetwork } from '../resources/network-create.ts';
import { deleteNetwork } from '../resources/network-delete.ts';
import { deleteNode, refuseRevoked, registerNode, updateFacts } from '../resources/node.ts';
import { once } from '../resources/request.ts';
import { createSshKey, deleteSshKey, listSshKeys } from '../resources/ssh-keys.ts';
import { createVm, deleteVm } from '../resources/vm.ts';
import { applyVm } from '../resources/vm-apply.ts';
import { attachNic, detachNic } from '../resources/vm-nics.ts';
import { setVmState } from '../resources/vm-state.ts';
import type { Store, Transaction } from '../store/store.ts';
import { authorize, authorizeNode } from './authorize.ts';
import { listLeases } from './leases.ts';
import { describeNetwork, describeNode, describeVm, listNetworks, listNodes, listVms } from './views.ts';

/** What the methods work on. */
export interface Service {
  readonly store: Store;
  readonly sessions: Sessions;
  readonly context: Context;
  readonly log: Logger;
}

/** One connection: who is there. */
export interface Caller {
  readonly peer: Peer;
  readonly identity: Identity;
  readonly fingerprint: string;
  readonly log: Logger;
}

type Mutation = { readonly requestId: string; readonly dryRun?: boolean };

/** The methods, for one caller. */
export function handlersFor(service: Service, caller: Caller): Handlers {
  const handlers = {
    ...readHandlers(service),
    ...mutationHandlers(service, caller),
    ...vmHandlers(service, caller),
    ...nodeHandlers(service, caller),
    ...sessionHandlers(service, caller),
  };
  for (const [name, handler] of Object.entries(handlers)) {
    const guarded = (params: never, stream: never) => {
      authorize(caller.identity, name as MethodName);
      return (handler as (params: never, stream: never) => unknown)(params, stream);
    };
    Object.assign(handlers, { [name]: guarded });
  }
  return handlers;
}

function readHandlers({ store, sessions, context }: Service): Handlers {
  return {
    'network.list': ({ node }) => listNetworks(store, sessions, node),
    'network.get': ({ name }) => describeNetwork(store, sessions, name),
    'vm.list': (filter) => listVms(store, sessions, filter),
    'vm.get': ({ name }) => describeVm(store, sessions, name),
    'node.list': () => listNodes(store, sessions, context.overcommit),
    'node.get': ({ name }) => describeNode(store, sessions, context.overcommit, name),
    'lease.list': (filter) => listLeases(store, sessions, filter),
    'disk.list': () => ({ disks: listKeptDisks(store) }),
    'sshKey.list': () => ({ sshKeys: listSshKeys(store) }),
  };
}

function mutationHandlers(service: Service, caller: Caller): Handlers {
  const { context, sessions } = service;
  return {
    'network.create': (params) =>
      mutate(service, caller, 'network.create', params, (tx) =>
        createNetwork(tx, context, params.name, params.spec, params.targetNodes),
      ),
    'network.apply': (params) =>
      mutate(service, caller, 'network.apply', params, (tx) => applyNetwork(tx, context, params.name, params.spec)),
    'network.delete': (params) =>
      mutate(service, caller, 'network.delete', params, (tx) =>
        deleteNetwork(tx, params.name, params.targetNodes, params.allNodes),
      ),
    'node.delete': async (params) => {
      const result = await mutate(service, caller, 'node.delete', params, (tx) => deleteNode(tx, context, params.name));
      // A retry after the node came back with a new certificate must not send it away again.
      if (service.store.get(`node/${params.name}`) === undefined) sessions.forget(params.name);
      return result;
    },
  };
}

/** What is answered by the nodes themselves. */
function nodeHandlers({ store, sessions, context }: Service, { log }: Caller): Handlers {
  const parts = { reader: store, sessions, log };
  const catalogue = async (): Promise<Catalogue> => {
    await context.catalogue.refresh();
    return context.catalogue.catalogue;
  };
  return {
    'vm.console': (params, stream) => openConsole(parts, params, stream),
    'vm.logs': (params, stream) => openLogs(parts, params, stream),
    'image.list': async ({ node }) => {
      const { images, problem } = await catalogue();
      return { catalogue: [...images], ...present({ problem }), nodes: imagesOnNodes(parts, node) };
    },
    'image.upload': async (params, stream) => {
      const result = await uploadImage(parts, params, stream);
      log.info({ node: params.node, image: params.name, digest: result.image.digest }, 'image uploaded');
      return result;
    },
    'image.delete': async (params) => {
      const result = await deleteImage(parts, (await catalogue()).images, params);
      log.info({ image: params.image, ...result }, 'image deleted');
      return result;
    },
  };
}

function vmHandlers(service: Service, caller: Caller): Handlers {
  const { context } = service;
  return {
    'vm.create': async (params) => {
      await context.catalogue.refresh();
      return await mutate(service, caller, 'vm.create', params, (tx) => ({
        vm: createVm(tx, context, params.name, params.spec),
      }));
    },
    'vm.apply': async (params) => {
      await context.catalogue.refresh();
      return await mutate(service, caller, 'vm.apply', params, (tx) => applyVm(tx, context, params.name, params.spec));
    },
    'vm.setState': (params) =>
      mutate(service, caller, 'vm.setState', params, (tx) => setVmState(tx, context, params.name, params.state)),
    'vm.delete': (params) =>
      mutate(service, caller, 'vm.delete', params, (tx) =>
        deleteVm(tx, context, params.name, params.keepDisks === true),
      ),
    'vm.attachNic': (params) =>
      mutate(service, caller, 'vm.attachNic', params, (tx) => attachNic(tx, context, params.name, params.nic)),
    'vm.detachNic': (params) =>
      mutate(service, caller, 'vm.detachNic', params, (tx) => detachNic(tx, context, params.name, params.index)),
    'disk.delete': (params) => mutate(service, caller, 'disk.delete', params, (tx) => deleteKeptDisks(tx, params.name)),
    'sshKey.create': (params) =>
      mutate(service, caller, 'sshKey.create', params, (tx) => ({
        sshKey: createSshKey(tx, context, params.name, params.publicKey),
      })),
    'sshKey.delete': (params) =>
      mutate(service, caller, 'sshKey.delete', params, (tx) => deleteSshKey(tx, params.name)),
  };
}

/** One transaction: what the request does, and that it was done (`once`). A dry run does neither. */
async function mutate<M extends MethodName>(
  { store, context }: Service,
  { identity, log }: Caller,
  method: M,
  params: Params<M> & Mutation,
  effect: (tx: Transaction) => Result<M>,
): Promise<Result<M>> {
  if (params.dryRun === true) return (await store.transact(effect, { dryRun: true })).result;
  const { requestId, ...rest } = params;
  const origin = { requestId, body: { identity, method, rest }, now: context.clock.now() };
  const { result, revision } = await store.transact((tx) => once(tx, origin, () => effect(tx)));
  const name = 'name' in params ? params.name : undefined;
  log.info({ method, name, requestId, revision }, 'request done');
  return result;
}

function sessionHandlers(service: Service, { peer, identity, fingerprint, log }: Caller): Handlers {
  const { store, sessions, context } = service;
  let opened: string | undefined;
  return {
    'session.open': async (params) => {
      authorizeNode(identity, params.node);
      refuseRevoked(store, fingerprint);
      if (!params.protocols.includes(PROTOCOL)) {
        throw new KcoreError(
          'FailedPrecondition',
          `the agent speaks session protocol ${params.protocols.join(', ')}, the controller ${PROTOCOL}`,
          {
            remedy: 'bring agent and controller to neighbouring versions',
          },
        );
      }
      const { revision } = await store.transact((tx) =>
        registerNode(tx, context, params.node, params.facts, fingerprint),
      );
      const result = await sessions.open(peer, params, revision);
      opened = params.node;
      log.info(
        { node: params.node, held: params.revision, revision: result.revision, version: params.facts.agentVersion },
        'node connected',
      );
      return result;
    },
    'session.report': async (change) => {
      if (opened === undefined) throw new KcoreError('FailedPrecondition', 'session.open comes before session.report');
      if (!sessions.report(peer, opened, change)) return {};
      const facts = change.set.find((object) => object.kind === 'facts');
      if (facts !== undefined) await noteFacts(service, opened, facts);
      return {};
    },
  };
}

/** Facts are stored, because requests are checked against them while the node is away; only a difference is worth a write. */
async function noteFacts({ store }: Service, node: string, facts: NodeFacts): Promise<void> {
  const known = store.get<{ readonly facts: NodeFacts }>(`node/${node}`)?.value.facts;
  if (known === undefined || isDeepStrictEqual(known, facts)) return;
  await store.transact((tx) => updateFacts(tx, node, facts));
}

export function callerLog(log: Logger, identity: Identity, remote: string): Logger {
  return log.child({ caller: describeIdentity(identity), remote });
}
