import type { CommandClass } from 'clipanion';
import { Apply } from '../commands/apply.ts';
import { ConfigGetContexts } from '../commands/config-get-contexts.ts';
import { ConfigUseContext } from '../commands/config-use-context.ts';
import { CreateCluster } from '../commands/create-cluster.ts';
import { CreateNetwork } from '../commands/create-network.ts';
import { CreateNodeCertificate } from '../commands/create-node-certificate.ts';
import { CreateVm } from '../commands/create-vm.ts';
import { DeleteNetwork } from '../commands/delete-network.ts';
import { DeleteNode } from '../commands/delete-node.ts';
import { DeleteVm } from '../commands/delete-vm.ts';
import { DescribeNetwork } from '../commands/describe-network.ts';
import { DescribeNode } from '../commands/describe-node.ts';
import { DescribeVm } from '../commands/describe-vm.ts';
import { GetLeases } from '../commands/get-leases.ts';
import { GetNetworks } from '../commands/get-networks.ts';
import { GetNodes } from '../commands/get-nodes.ts';
import { GetVms } from '../commands/get-vms.ts';
import { LabDown } from '../commands/lab-down.ts';
import { LabNode } from '../commands/lab-node.ts';
import { LabStatusCommand } from '../commands/lab-status.ts';
import { LabUp } from '../commands/lab-up.ts';
import { SetVm } from '../commands/set-vm.ts';
import { StartVm } from '../commands/start-vm.ts';
import { StopVm } from '../commands/stop-vm.ts';
import { Version } from '../commands/version.ts';
import type { KctlContext } from './context.ts';

/** Every command, in the order in which help shows them. */
export const commands: readonly CommandClass<KctlContext>[] = [
  CreateNetwork,
  GetNetworks,
  DescribeNetwork,
  DeleteNetwork,
  GetLeases,
  CreateVm,
  GetVms,
  DescribeVm,
  StartVm,
  StopVm,
  SetVm,
  DeleteVm,
  Apply,
  GetNodes,
  DescribeNode,
  DeleteNode,
  CreateCluster,
  CreateNodeCertificate,
  LabUp,
  LabStatusCommand,
  LabNode,
  LabDown,
  ConfigGetContexts,
  ConfigUseContext,
  Version,
];
