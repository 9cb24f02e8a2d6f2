import { expect, test } from 'vitest';
import { FRAME_HEADROOM, sealFrame } from './frame.ts';
import { parseUdpFrame } from './received-frame.ts';

function frame(payload: Uint8Array, padding = 0): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEADROOM + payload.length);
  bytes.set(payload, FRAME_HEADROOM);
  const sealed = sealFrame(bytes, {
    sourceMac: Uint8Array.of(2, 0, 0, 0, 0, 0x66),
    destinationMac: new Uint8Array(6).fill(0xff),
    source: 0x0a4e_0042,
    destination: 0xffff_ffff,
    sourcePort: 67,
    destinationPort: 68,
  });
  return Uint8Array.of(...sealed, ...new Uint8Array(padding));
}

test('the payload and the sender are found, without the padding of a short frame', () => {
  const payload = Uint8Array.of(1, 2, 3);
  for (const padding of [0, 15])
    expect(parseUdpFrame(frame(payload, padding))).toEqual({ sourceMac: '02:00:00:00:00:66', payload });
});

test('an IPv4 header with options is passed over', () => {
  const plain = frame(Uint8Array.of(9));
  const longer = Uint8Array.of(...plain.subarray(0, 34), 1, 1, 1, 1, ...plain.subarray(34));
  longer[14] = 0x46;
  longer[17] = (longer[17] ?? 0) + 4;
  expect(parseUdpFrame(longer)?.payload).toEqual(Uint8Array.of(9));
});

test('what is cut, or no UDP over IPv4, is not read', () => {
  const whole = frame(Uint8Array.of(1, 2, 3));
  for (let length = 0; length < whole.length; length++) expect(parseUdpFrame(whole.slice(0, length))).toBeUndefined();
  const damaged: readonly (readonly [offset: number, value: number])[] = [
    [12, 0x86],
    [23, 6],
    [14, 0x44],
    [17, 20],
  ];
  for (const [offset, value] of damaged) {
    const bytes = whole.slice();
    bytes[offset] = value;
    expect(parseUdpFrame(bytes), `byte ${offset}`).toBeUndefined();
  }
});
