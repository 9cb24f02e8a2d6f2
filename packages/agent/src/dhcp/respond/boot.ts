import { type Ipv4Number, parseIpv4 } from '@kcore/contract';
import type { DhcpBoot } from '../../model/dhcp-network.ts';
import { option, optionOf } from '../codec/options.ts';
import type { DhcpPacket, RawOption } from '../codec/packet.ts';
import type { Exchange } from './exchange.ts';

/** What a client that boots from the network is told. */
export interface BootAnswer {
  readonly siaddr: Ipv4Number;
  /** For the header's field; undefined when it is too long for it. */
  readonly file: string | undefined;
  readonly options: readonly RawOption[];
}

type File = Exclude<keyof DhcpBoot, 'server'>;

/** Option 93. Source: IANA's registry of processor architecture types; 9 is what x64 firmware sent before its erratum. */
const FILE_OF_ARCHITECTURE: ReadonlyMap<number, File> = new Map([
  [0, 'bios'],
  [7, 'uefiX64'],
  [9, 'uefiX64'],
  [11, 'uefiArm64'],
  [16, 'httpX64'],
  [19, 'httpArm64'],
]);

const HTTP_CLIENT = 'HTTPClient';
/** The field holds 128 bytes and ends with NUL. */
const LONGEST_FILE_FIELD = 127;

/** iPXE says so in option 77, as RFC 3004 has it or bare, and in option 175, which nobody else sends. */
function isIpxe(packet: DhcpPacket): boolean {
  const userClass = optionOf(packet, 'userClass');
  return packet.options.has(175) || (userClass !== undefined && Buffer.from(userClass).includes('iPXE'));
}

/** Option 93, or what firmware without it says in option 60: `PXEClient:Arch:00007:UNDI:003016`. */
function architecture(packet: DhcpPacket): number | undefined {
  const told = optionOf(packet, 'clientArchitecture')?.[0];
  if (told !== undefined) return told;
  const text = optionOf(packet, 'vendorClass')?.match(/^(?:PXE|HTTP)Client:Arch:(\d{5})/)?.[1];
  return text === undefined ? undefined : Number(text);
}

function wantedFile(packet: DhcpPacket): File | undefined {
  if (isIpxe(packet)) return 'ipxe';
  const number = architecture(packet);
  return number === undefined ? undefined : FILE_OF_ARCHITECTURE.get(number);
}

/** Undefined for clients that do not boot from the network, and where nothing is configured for their kind. */
export function bootAnswer({ network, request: { packet } }: Exchange): BootAnswer | undefined {
  const { boot } = network.spec;
  const wanted = boot === undefined ? undefined : wantedFile(packet);
  const file = wanted === undefined ? undefined : boot?.[wanted];
  if (boot === undefined || wanted === undefined || file === undefined) return undefined;
  const siaddr = boot.server === undefined ? network.server : parseIpv4(boot.server);
  const server = boot.server ?? network.spec.serverAddress;
  const machine = optionOf(packet, 'clientMachineId');
  const options = [option('bootFile', file), option('tftpServerName', server)];
  // UEFI takes only answers that name its own vendor class as the boot server's (UEFI 2.10 §24.7.3.1).
  if (wanted === 'httpX64' || wanted === 'httpArm64') options.push(option('vendorClass', HTTP_CLIENT));
  else options.push(option('tftpServers', [siaddr]));
  // RFC 4578 §2.3: the identifier must come back.
  if (machine !== undefined) options.push(option('clientMachineId', machine));
  return { siaddr, file: Buffer.byteLength(file) <= LONGEST_FILE_FIELD ? file : undefined, options };
}
