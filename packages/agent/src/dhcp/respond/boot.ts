import { type Ipv4Number, parseIpv4 } from '@kcore/contract';
import type { DhcpBoot } from '../../model/dhcp-network.ts';
import { option, optionOf } from '../codec/options.ts';
import type { RawOption } from '../codec/packet.ts';
import type { Exchange } from './exchange.ts';

/** What a client that boots from the network is told. */
export interface BootAnswer {
  readonly siaddr: Ipv4Number;
  readonly file: string;
  readonly options: readonly RawOption[];
}

type File = Exclude<keyof DhcpBoot, 'server'>;

/** Option 93. Source: RFC 5970's registry of processor architectures. */
const FILE_OF_ARCHITECTURE: ReadonlyMap<number, File> = new Map([
  [0, 'bios'],
  [7, 'uefiX64'],
  [9, 'uefiX64'],
  [11, 'uefiArm64'],
  [16, 'httpX64'],
  [19, 'httpArm64'],
]);

const HTTP_CLIENT = 'HTTPClient';

function wantedFile({ request: { packet } }: Exchange): File | undefined {
  const userClass = optionOf(packet, 'userClass');
  if (userClass !== undefined && Buffer.from(userClass).includes('iPXE')) return 'ipxe';
  const architecture = optionOf(packet, 'clientArchitecture')?.[0];
  return architecture === undefined ? undefined : FILE_OF_ARCHITECTURE.get(architecture);
}

/** Undefined for clients that do not boot from the network, and where nothing is configured for their kind. */
export function bootAnswer(exchange: Exchange): BootAnswer | undefined {
  const { boot } = exchange.network.spec;
  const wanted = boot === undefined ? undefined : wantedFile(exchange);
  const file = wanted === undefined ? undefined : boot?.[wanted];
  if (boot === undefined || wanted === undefined || file === undefined) return undefined;
  const address = boot.server === undefined ? exchange.network.server : parseIpv4(boot.server);
  const http = wanted === 'httpX64' || wanted === 'httpArm64';
  const { packet } = exchange.request;
  const machine = optionOf(packet, 'clientMachineId');
  const options = [
    option('bootFile', file),
    option('tftpServerName', boot.server ?? exchange.network.spec.serverAddress),
  ];
  // UEFI takes only answers that name its own vendor class as the boot server's (UEFI 2.10 §24.7.3.1).
  if (http) options.push(option('vendorClass', HTTP_CLIENT));
  else options.push(option('tftpServers', [address]));
  // RFC 4578 §2.3: the identifier must come back.
  if (machine !== undefined) options.push(option('clientMachineId', machine));
  return { siaddr: address, file, options };
}
