import type { Operation, Plan } from '../model/operation.ts';
import type { Address, FdbEntry, Resource, Route, Rule } from '../model/resource.ts';
import { ROUTE_PROTOCOL } from '../model/resource.ts';
import { linkCreate, linkDelete, linkUpdate } from './describe-link.ts';
import { nftCreate, nftDelete, nftUpdate } from './describe-nft.ts';

/**
 * A plan as the commands that a person would type, each with the reason: what `kctl diff`, `--dry-run`, debug logs and
 * planner tests show. The lines are valid: given to a shell they do what the plan does, only not atomically.
 */
export function describe(plan: Plan): string {
  return plan.map((operation) => describeOperation(operation).join('\n')).join('\n');
}

/** The lines of one operation; the reason follows the first as a comment. */
export function describeOperation(operation: Operation): readonly string[] {
  const [first = '', ...rest] = linesOf(operation);
  return [`${first}  # ${operation.reason}`, ...rest];
}

function linesOf(operation: Operation): readonly string[] {
  switch (operation.op) {
    case 'create':
      return createLines(operation.want);
    case 'update':
      return updateLines(operation.want, operation.have);
    case 'delete':
      return deleteLines(operation.have);
  }
}

function createLines(want: Resource): readonly string[] {
  switch (want.kind) {
    case 'link':
      return linkCreate(want);
    case 'address':
      return [`ip address replace ${addressText(want)}`];
    case 'neighbour':
      return [`ip neighbour replace ${want.address} lladdr ${want.mac} dev ${want.link} nud permanent`];
    case 'fdb':
      return [fdbLine(want.mac === '00:00:00:00:00:00' ? 'append' : 'replace', want)];
    case 'route':
      return [`ip route replace ${routeText(want)}`];
    case 'rule':
      return [`ip rule add ${ruleSelector(want)}`];
    default:
      return nftCreate(want);
  }
}

function updateLines(want: Resource, have: Resource): readonly string[] {
  if (want.kind === 'link' && have.kind === 'link') return linkUpdate(want, have);
  // The rest is replaced by making it again, but for a chain, whose old rules go first.
  return want.kind === 'nft-chain' ? nftUpdate(want) : createLines(want);
}

function deleteLines(have: Resource): readonly string[] {
  switch (have.kind) {
    case 'link':
      return linkDelete(have);
    case 'address':
      return [`ip address delete ${addressText(have)}`];
    case 'neighbour':
      return [`ip neighbour delete ${have.address} dev ${have.link}`];
    case 'fdb':
      return [fdbLine('delete', have)];
    case 'route':
      return [`ip route delete ${routeText(have)}`];
    case 'rule':
      return [`ip rule delete ${ruleSelector(have)}`];
    default:
      return nftDelete(have);
  }
}

function addressText({ address, prefix, link }: Address): string {
  return `${address}/${prefix} dev ${link}`;
}

function fdbLine(verb: 'append' | 'replace' | 'delete', { table, link, mac, destination }: FdbEntry): string {
  if (table === 'bridge') return `bridge fdb ${verb} ${mac} dev ${link} master static`;
  return `bridge fdb ${verb} ${mac} dev ${link}${destination === undefined ? '' : ` dst ${destination}`} self permanent`;
}

function routeText({ type, destination, table, via, link, metric }: Route): string {
  const parts = [type === 'unicast' ? destination : `${type} ${destination}`, `table ${table}`];
  if (via !== undefined) parts.push(`via ${via}`);
  if (link !== undefined) parts.push(`dev ${link}`);
  if (metric !== undefined) parts.push(`metric ${metric}`);
  return [...parts, `proto ${ROUTE_PROTOCOL}`].join(' ');
}

function ruleSelector({ priority, from, incomingLink, table }: Rule): string {
  const parts = [`priority ${priority}`];
  if (from !== undefined) parts.push(`from ${from}`);
  if (incomingLink !== undefined) parts.push(`iif ${incomingLink}`);
  return [...parts, `lookup ${table}`, `protocol ${ROUTE_PROTOCOL}`].join(' ');
}
