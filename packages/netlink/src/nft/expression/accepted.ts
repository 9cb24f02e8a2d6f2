import { type Expression, expressionData } from './expression.ts';

/**
 * The kernel tells a few expressions with zeros that it does not take back (EINVAL). They say nothing, and are left out,
 * so that a rule that was read can be written.
 */
export function asAccepted(expression: Expression): Expression {
  const exthdr = expressionData(expression, 'exthdr');
  if (exthdr !== undefined && exthdr.destination === undefined) {
    const { flags: _, ...set } = exthdr;
    if (set.source !== undefined) return { name: 'exthdr', data: set };
    const { offset: _offset, length: _length, ...removal } = set;
    return { name: 'exthdr', data: removal };
  }
  const osf = expressionData(expression, 'osf');
  if (osf?.flags === 0) {
    const { flags: _, ...rest } = osf;
    return { name: 'osf', data: rest };
  }
  return expression;
}
