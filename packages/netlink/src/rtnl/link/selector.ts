import { ValueError } from '../../codec/error.ts';
import type { LinkAttributes } from './attributes.ts';

/** How a request names its link. A name longer than 15 bytes is an alternative one; a shorter one may be. */
export type LinkSelector = { readonly index: number } | { readonly name: string };

/** Longest name of an interface. Source: IFNAMSIZ of include/uapi/linux/if.h. */
const NAME_MAX = 15;

/** What a selection is in the message, and in errors. @throws {ValueError} It selects nothing. */
export function selected(selector: LinkSelector): {
  readonly index: number;
  readonly attributes: LinkAttributes;
  readonly text: string;
} {
  if ('index' in selector) {
    if (!(selector.index > 0)) {
      throw new ValueError(`${selector.index} is not the index of a link; indices begin at 1`, 'index');
    }
    return { index: selector.index, attributes: {}, text: `#${selector.index}` };
  }
  const { name } = selector;
  if (name === '') throw new ValueError('the name of a link is empty', 'name');
  const attributes = Buffer.byteLength(name) > NAME_MAX ? { altName: name } : { name };
  return { index: 0, attributes, text: name };
}
