import type { CommandClass } from 'clipanion';
import { Apply } from '../commands/apply.ts';
import { AttachNic } from '../commands/attach-nic.ts';
import { ConfigGetContexts } from '../commands/config-get-contexts.ts';
import { ConfigUseContext } from '../commands/config-use-context.ts';
import { Console } from '../commands/console.ts';
import { CreateCluster } from '../commands/create-cluster.ts';
import { CreateNetwork } from '../commands/create-network.ts';
import { CreateNodeCertificate } from '../commands/create-node-certificate.ts';
import { CreateSshKey } from '../commands/create-ssh-key.ts';
import { CreateVm } from '../commands/create-vm.ts';
import { DeleteDisk } from '../commands/delete-disk.ts';
import { DeleteImage } from '../commands/delete-image.ts';
import { DeleteNetwork } from '../commands/delete-network.ts';
import { DeleteNode } from '../commands/delete-node.ts';
import { DeleteSshKey } from '../commands/delete-ssh-key.ts';
import { DeleteVm } from '../commands/delete-vm.ts';
import { DescribeNetwork } from '../commands/describe-network.ts';
import { DescribeNode } from '../commands/describe-node.ts';
import { DescribeVm } from '../commands/describe-vm.ts';
import { DetachNic } from '../commands/detach-nic.ts';
import { GetDisks } from '../commands/get-disks.ts';
import { GetImages } from '../commands/get-images.ts';
import { GetLeases } from '../commands/get-leases.ts';
import { GetNetworks } from '../commands/get-networks.ts';
import { GetNodes } from '../commands/get-nodes.ts';
import { GetSshKeys } from '../commands/get-ssh-keys.ts';
import { GetVms } from '../commands/get-vms.ts';
import { LabDown } from '../commands/lab-down.ts';
import { LabNode } from '../commands/lab-node.ts';
import { LabStatusCommand } from '../commands/lab-status.ts';
import { LabUp } from '../commands/lab-up.ts';
import { Logs } from '../commands/logs.ts';
import { NodeUploadImage } from '../commands/node-upload-image.ts';
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
  AttachNic,
  DetachNic,
  DeleteVm,
  Console,
  Logs,
  GetDisks,
  DeleteDisk,
  CreateSshKey,
  GetSshKeys,
  DeleteSshKey,
  Apply,
  GetNodes,
  DescribeNode,
  DeleteNode,
  GetImages,
  NodeUploadImage,
  DeleteImage,
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
