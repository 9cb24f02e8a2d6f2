import { expect, it } from 'vitest';
import { inputOf } from '../codec/codec.ts';
import { bytesOf } from '../testing/hexdump.ts';
import { policyOf, readAcknowledgement } from './acknowledgement.ts';
import { type RawMessage, splitMessages } from './message.ts';

function messageOf(hex: string): RawMessage {
  const [message] = splitMessages(inputOf(bytesOf(hex)));
  if (message === undefined) throw new Error('no message');
  return message;
}

it('reads a policy behind a capped request', () => {
  const { errno, extended } = readAcknowledgement(
    messageOf(`58 00 00 00 02 00 00 03 01 00 00 00 00 00 00 00   # NLMSG_ERROR, CAPPED | ACK_TLVS
               de ff ff ff                                       # -ERANGE
               34 00 00 00 10 00 05 06 01 00 00 00 00 00 00 00   # the request's header
               08 00 02 00 24 00 00 00                           # offset 36
               2c 00 04 80 08 00 01 00 02 00 00 00               # policy: u8
                 0c 00 04 00 01 00 00 00 00 00 00 00             # min 1
                 0c 00 05 00 fe 00 00 00 00 00 00 00             # max 254
                 08 00 06 00 01 00 00 00`),
  );
  expect(errno).toBe(34);
  expect(extended.offset).toBe(36);
  expect(policyOf({ errno, extended })).toEqual({ type: 'u8', min: 1n, max: 254n, minLength: 1 });
});

it('finds the text behind a request that was not capped', () => {
  const { extended } = readAcknowledgement(
    messageOf(`38 00 00 00 02 00 00 02 01 00 00 00 00 00 00 00   # ACK_TLVS only
               ea ff ff ff
               16 00 00 00 10 00 05 06 01 00 00 00 00 00 00 00   # a request of 22 bytes, padded
               01 02 03 04 05 06 00 00
               09 00 01 00 6f 6f 70 73 00 00 00 00`),
  );
  expect(extended.message).toBe('oops');
});

it('reads no attributes where the flag does not announce them', () => {
  const message = messageOf(
    '24 00 00 00 02 00 00 00 01 00 00 00 00 00 00 00 ef ff ff ff 10 00 00 00 10 00 05 06 01 00 00 00 00 00 00 00',
  );
  expect(readAcknowledgement(message)).toEqual({ errno: 17, extended: {} });
});

it('reads the end of a dump with and without an errno', () => {
  expect(readAcknowledgement(messageOf('10 00 00 00 03 00 02 00 01 00 00 00 00 00 00 00'))).toEqual({
    errno: 0,
    extended: {},
  });
  expect(readAcknowledgement(messageOf('14 00 00 00 03 00 02 00 01 00 00 00 00 00 00 00 00 00 00 00'))).toMatchObject({
    errno: 0,
  });
});
