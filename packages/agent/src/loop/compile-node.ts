import type { NodeSpec } from '@kcore/contract';
import { compile } from '../compile/compile.ts';
import type { Attachments, Desired, NodeIdentity } from '../compile/desired.ts';
import type { HostFacts } from '../model/host-facts.ts';
import { gatewayInterfaceOf, vtepOf } from '../status/node-facts.ts';

/** Who this agent is, from its configuration. What is absent is found on the host. */
export interface AgentIdentity {
  readonly node: string;
  readonly agentVersion: string;
  readonly vxlanDisabled: boolean;
  /** The tunnel endpoint: an address, or the NIC that carries it. */
  readonly vtep?: string;
  /** Instead of the NIC of the default route. */
  readonly gatewayInterface?: string;
}

export interface CompileContext {
  readonly identity: AgentIdentity;
  readonly resolvers: readonly string[];
  readonly controllerAddress?: string;
  readonly attachments: Attachments;
}

/** `compile`, with what of the node's identity has to be looked up on the host. */
export function compileNode(spec: NodeSpec, host: HostFacts, context: CompileContext): Desired {
  const { identity, resolvers, controllerAddress, attachments } = context;
  const vtep = vtepOf(host, identity.vtep, gatewayInterfaceOf(host, identity.gatewayInterface));
  const node: NodeIdentity = {
    name: identity.node,
    vxlanDisabled: identity.vxlanDisabled,
    resolvers,
    ...(vtep === undefined ? {} : { vtep }),
    ...(identity.gatewayInterface === undefined ? {} : { gatewayInterface: identity.gatewayInterface }),
    ...(controllerAddress === undefined ? {} : { controllerAddress }),
  };
  return compile(spec, host, node, attachments);
}
