import { attributes } from '../codec/attributes.ts';
import { body } from '../codec/body.ts';
import type { Infer } from '../codec/codec.ts';
import { be32 } from '../codec/scalar.ts';
import { cstring } from '../codec/text.ts';
import { readBody } from '../message/message.ts';
import { queryOf, type Request } from '../message/request.ts';
import {
  NFT_MSG_GETGEN,
  NFT_MSG_NEWGEN,
  NFTA_GEN_ID,
  NFTA_GEN_PROC_NAME,
  NFTA_GEN_PROC_PID,
} from '../uapi/nf-tables.ts';
import { familyHeader, messageType, nfgenmsg } from './header.ts';

const generationAttributes = attributes(() => ({
  id: [NFTA_GEN_ID, be32],
  processId: [NFTA_GEN_PROC_PID, be32],
  processName: [NFTA_GEN_PROC_NAME, cstring],
}));
export const generationBody = body(nfgenmsg, generationAttributes);

/** The ruleset's version: the number grows with each transaction that changed something, of whatever program. */
export type Generation = Omit<Infer<typeof generationAttributes>, 'id'> & { readonly id: number };

export function generationOf({ attributes: { id = 0, ...rest } }: Infer<typeof generationBody>): Generation {
  return { id, ...rest };
}

/** The current generation. */
export function generation(): Request<Generation> {
  return queryOf({
    operation: 'get nftables generation',
    type: messageType(NFT_MSG_GETGEN),
    codec: generationBody,
    value: { header: familyHeader(), attributes: {} },
    reply(messages) {
      const message = messages.find(({ type }) => type === messageType(NFT_MSG_NEWGEN));
      if (message === undefined) throw new RangeError('the kernel told no generation');
      return generationOf(readBody(generationBody, message));
    },
  });
}
