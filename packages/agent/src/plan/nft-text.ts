import type { NftChain, NftElement, NftField, NftRule, NftSet, NftStatement } from '../model/resource.ts';

/**
 * nftables objects in nft's own syntax: for people, for `nft -f`, and for comparing rules, since two rules that read the
 * same are the same.
 */

/** `ip saddr 10.0.0.0/24 meta oifname "eno1" masquerade`, with its comment. */
export function ruleText(rule: NftRule): string {
  const text = rule.statements.map(statementText).join(' ');
  return rule.comment === undefined ? text : `${text} comment ${quoted(rule.comment)}`;
}

export function statementText(statement: NftStatement): string {
  if ('match' in statement) return matchText(statement);
  if ('mask' in statement) {
    const { mask, by, op, value } = statement;
    return `${mask} & ${by} ${op} ${value}`;
  }
  if ('lookup' in statement) {
    return `${concatenation(statement.lookup)} ${statement.negate === true ? '!= ' : ''}@${statement.set}`;
  }
  if ('vmap' in statement) return `${concatenation(statement.vmap)} vmap @${statement.map}`;
  if ('dnatMap' in statement) return `dnat ip to ${concatenation(statement.dnatMap)} map @${statement.map}`;
  if ('counter' in statement) return 'counter';
  if ('verdict' in statement) return statement.verdict;
  if ('jump' in statement) return `jump ${statement.jump}`;
  if ('masquerade' in statement) return 'masquerade';
  if ('snat' in statement) return `snat to ${statement.snat}`;
  if ('dnat' in statement)
    return `dnat to ${statement.dnat}${statement.port === undefined ? '' : `:${statement.port}`}`;
  // Cannot be written by kcore, so a text with it equals no text of kcore's.
  return `<${statement.foreign}>`;
}

function matchText({ match, op, value }: Extract<NftStatement, { match: NftField }>): string {
  const isFlags = op === 'in' || op === '!in';
  // The kernel keeps flags as bits, so their order in the text means nothing.
  const right = isFlags ? value.split(',').toSorted().join(',') : value;
  const operator = op === '!=' || op === '!in' ? '!= ' : '';
  return `${match} ${operator}${isName(match) ? quoted(right) : right}`;
}

function isName(field: NftField): boolean {
  return field === 'meta iifname' || field === 'meta oifname';
}

function concatenation(fields: readonly NftField[]): string {
  return fields.join(' . ');
}

function quoted(text: string): string {
  return `"${text}"`;
}

/** `type ipv4_addr . inet_service : verdict; flags interval;` */
export function setBody({ key, data, interval }: Pick<NftSet, 'key' | 'data' | 'interval'>): string {
  const types = data === undefined ? '' : ` : ${data === 'verdict' ? 'verdict' : data.join(' . ')}`;
  return `type ${key.join(' . ')}${types}; ${interval ? 'flags interval; ' : ''}`;
}

/** `type filter hook forward priority 0; policy accept;`; empty for a regular chain. */
export function chainBody(base: NftChain['base']): string {
  if (base === undefined) return '';
  return `type ${base.type} hook ${base.hook} priority ${base.priority}; policy ${base.policy}; `;
}

/** `{ "tap-0b9d9f06" . 52:54:00:0b:9d:9f : jump guard-mac }` */
export function elementText({ key, value }: Pick<NftElement, 'key' | 'value'>): string {
  const left = key.map(elementValue).join(' . ');
  return value === undefined ? `{ ${left} }` : `{ ${left} : ${value.map(elementValue).join(' . ')} }`;
}

/** Interface names are quoted; addresses, numbers, protocols and verdicts are words of nft's grammar. */
function elementValue(value: string): string {
  const isWord = /^([\d.]+(\/\d+)?|[0-9a-f]{2}(:[0-9a-f]{2}){5}|tcp|udp|accept|drop|return|jump .+)$/.test(value);
  return isWord ? value : quoted(value);
}
