import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arpProbe, parseArp } from './arp.ts';
import { buildPacket, type OutgoingPacket, writePacket } from './build.ts';
import { domainSearch } from './domain-search.ts';
import { FRAME_HEADROOM, foldChecksum, sealFrame, sumWords } from './frame.ts';
import { formatMac, parseMac } from './mac.ts';
import { OPTIONS, optionOf } from './options.ts';
import type { RawOption } from './packet.ts';
import { parsePacket } from './parse.ts';
import { classlessRoutes } from './routes.ts';
import { ipv4List, text } from './values.ts';

const scale = Number(process.env['KCORE_TEST_SCALE'] ?? 1);

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function bytes(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
}

const empty: OutgoingPacket = {
  op: 1,
  xid: 1,
  flags: 0,
  ciaddr: 0,
  yiaddr: 0,
  siaddr: 0,
  giaddr: 0,
  chaddr: new Uint8Array(16),
  options: [],
  maxLength: 1472,
};

/** A message whose options field holds exactly these bytes. */
function withOptions(area: Uint8Array, fields: { file?: Uint8Array; sname?: Uint8Array } = {}): Uint8Array {
  const out = new Uint8Array(240 + area.length);
  out.set(buildPacket(empty).subarray(0, 240));
  out.set(area, 240);
  if (fields.sname !== undefined) out.set(fields.sname, 44);
  if (fields.file !== undefined) out.set(fields.file, 108);
  return out;
}

function optionsOf(message: Uint8Array): Record<number, string> | string {
  const parsed = parsePacket(message);
  if (parsed.kind === 'malformed') return parsed.reason;
  return Object.fromEntries([...parsed.packet.options].map(([code, value]) => [code, hex(value)]));
}

describe('reading options', () => {
  test.each<[string, string, Record<number, string> | string]>([
    ['PAD before and between', '00 350101 0000 0c0161 ff', { 53: '01', 12: '61' }],
    ['what follows END is not read', '350101 ff 0c0161', { 53: '01' }],
    ['a missing END', '350101', { 53: '01' }],
    ['a value of no bytes', '5000 350101 ff', { 80: '', 53: '01' }],
    ['parts of a split option are joined', '0c0161 350101 0c0162 ff', { 12: '6162', 53: '01' }],
    ['a length beyond the end', '350101 0c20616263', 'option-overrun'],
    ['a code without a length', '350101 0c', 'option-overrun'],
  ])('%s', (_, area, expected) => {
    expect(optionsOf(withOptions(bytes(area)))).toEqual(expected);
  });

  test('a number that came in parts is one, and one of another length is none', () => {
    const read = (area: string): unknown => {
      const parsed = parsePacket(withOptions(bytes(area)));
      return parsed.kind === 'packet' ? optionOf(parsed.packet, 'requestedAddress') : parsed.reason;
    };
    expect([read('32020a4d 350101 32020064 ff'), read('32040a4d0064 ff')]).toEqual([0x0a4d0064, 0x0a4d0064]);
    expect([read('32040a4d0064 320100 ff'), read('32030a4d00 ff'), read('350101 ff')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  test('options in file and sname, joined in the order of RFC 3396', () => {
    const message = withOptions(bytes('340103 0c0161 ff'), {
      file: bytes('350101 0c0162 ff'),
      sname: bytes('0c0163 ff'),
    });
    expect(optionsOf(message)).toEqual({ 52: '03', 12: '616263', 53: '01' });
  });

  test.each([
    ['overload of another value', '340104 ff', 'bad-overload'],
    ['overload of two bytes', '34020101 ff', 'bad-overload'],
  ])('%s', (_, area, expected) => {
    expect(optionsOf(withOptions(bytes(area)))).toBe(expected);
  });

  test('an overrun inside an overloaded field', () => {
    expect(optionsOf(withOptions(bytes('340101 ff'), { file: bytes('350101 0cff').slice(0, 5) }))).toBe(
      'option-overrun',
    );
  });

  test.each([
    ['nothing', new Uint8Array(0), 'too-short'],
    ['239 bytes', new Uint8Array(239), 'too-short'],
    ['no magic cookie', new Uint8Array(300), 'no-magic-cookie'],
  ])('%s', (_, message, expected) => {
    expect(optionsOf(message)).toBe(expected);
  });

  test('a hardware address longer than its field', () => {
    const message = buildPacket(empty);
    message[2] = 17;
    expect(optionsOf(message)).toBe('bad-hardware-length');
  });
});

test('writePacket leaves nothing of what was in the buffer', () => {
  for (const options of [[], [{ code: 43, value: new Uint8Array(200) }]]) {
    for (const over of [{}, { file: 'boot' }, { maxLength: 400, file: 'boot' }, { maxLength: 400 }]) {
      const packet = { ...empty, options, ...over };
      const out = new Uint8Array(2000).fill(0xaa);
      const end = writePacket(out, 42, packet);
      expect(hex(out.subarray(42, end))).toBe(hex(buildPacket(packet)));
      expect(new Set([...out.subarray(0, 42), ...out.subarray(end)])).toEqual(new Set([0xaa]));
    }
  }
});

describe('writing options', () => {
  test('at least 300 bytes, END after the last', () => {
    const message = buildPacket({ ...empty, options: [{ code: 53, value: Uint8Array.of(2) }] });
    expect(message.length).toBe(300);
    expect(hex(message.subarray(240, 246))).toBe('350102ff0000');
  });

  test('a value longer than 255 bytes is split', () => {
    const value = Uint8Array.from({ length: 300 }, (_, index) => index & 255);
    const message = buildPacket({ ...empty, options: [{ code: 43, value }] });
    expect([message[240], message[241], message[497], message[498]]).toEqual([43, 255, 43, 45]);
    expect(optionsOf(message)).toEqual({ 43: hex(value) });
  });

  test('file and sname carry what the options field cannot, unless they hold a text: then the router counts more than the time offset', () => {
    const options: RawOption[] = [1, 2, 3, 4].map((code) => ({ code, value: new Uint8Array(60).fill(code) }));
    const small = { ...empty, options, maxLength: 240 + 70 };
    expect(Object.keys(optionsOf(buildPacket(small)))).toEqual(['1', '2', '3', '4', '52']);
    const withFile = parsePacket(buildPacket({ ...small, file: 'boot' }));
    expect(withFile.kind === 'packet' && [...withFile.packet.options.keys()]).toEqual([1, 52, 3]);
  });

  test('what is written is read back, and never longer than allowed', () => {
    const anyOption = fc.record({
      code: fc.integer({ min: 1, max: 254 }).filter((code) => code !== OPTIONS.overload[0]),
      value: fc.uint8Array({ maxLength: 400 }),
    });
    const list = fc.uniqueArray(anyOption, { selector: ({ code }) => code, maxLength: 20 });
    fc.assert(
      fc.property(list, fc.integer({ min: 548, max: 1472 }), (options, maxLength) => {
        const message = buildPacket({ ...empty, options, maxLength });
        expect(message.length).toBeLessThanOrEqual(maxLength);
        const read = optionsOf(message);
        if (typeof read === 'string') throw new Error(read);
        for (const { code, value } of options) {
          if (read[code] !== undefined) expect(read[code]).toBe(hex(value));
        }
        const size = options.reduce(
          (sum, { value }) => sum + value.length + 2 * Math.max(1, Math.ceil(value.length / 255)),
          0,
        );
        if (size <= maxLength - 241) expect(Object.keys(read)).toHaveLength(options.length);
      }),
      { numRuns: 200 * scale, seed: 7 },
    );
  });
});

describe('values', () => {
  test('RFC 3442: only the significant bytes of a destination', () => {
    const routes = [
      { destination: 0, prefix: 0, via: 0x0a000001 },
      { destination: 0x0a110000, prefix: 16, via: 0x0a000002 },
      { destination: 0x0a1b8180, prefix: 25, via: 0x0a000003 },
    ];
    expect(hex(classlessRoutes.encode(routes))).toBe(['000a000001', '100a110a000002', '190a1b81800a000003'].join(''));
    expect(classlessRoutes.decode(classlessRoutes.encode(routes))).toEqual(routes);
    expect(classlessRoutes.decode(bytes('21 0a000001 0a000001'))).toBeUndefined();
    expect(classlessRoutes.decode(bytes('180a00'))).toBeUndefined();
  });

  test('RFC 3397: the example of its section 3', () => {
    const encoded = domainSearch.encode(['eng.apple.com.', 'marketing.apple.com.']);
    expect(hex(encoded)).toBe(`${hex(Buffer.from('\x03eng\x05apple\x03com\x00\x09marketing'))}c004`);
    expect(domainSearch.decode(encoded)).toEqual(['eng.apple.com', 'marketing.apple.com']);
  });

  test('RFC 3397: a pointer forward, to itself, or beyond the end is no name', () => {
    for (const wrong of ['c000', '0161c005', '01', '0161', 'c0'])
      expect(domainSearch.decode(bytes(wrong))).toBeUndefined();
  });

  test('names and routes are read back', () => {
    const label = fc.stringMatching(/^[a-z0-9]{1,20}$/);
    const names = fc.array(
      fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.')),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(names, (search) => {
        expect(domainSearch.decode(domainSearch.encode(search))).toEqual(search);
      }),
      { numRuns: 200 * scale, seed: 7 },
    );
  });

  test('lists of addresses have whole addresses, texts end at NUL', () => {
    expect(ipv4List.decode(bytes('0a000001 0a000002'))).toEqual([0x0a000001, 0x0a000002]);
    expect([ipv4List.decode(bytes('')), ipv4List.decode(bytes('0a0000'))]).toEqual([undefined, undefined]);
    expect(text.decode(bytes('77656200 ffff'))).toBe('web');
  });

  test('MAC addresses', () => {
    expect(formatMac(parseMac('52:54:00:0B:9D:9F'))).toBe('52:54:00:0b:9d:9f');
    for (const wrong of ['', '52:54:00:0b:9d', '52-54-00-0b-9d-9f', '52:54:00:0b:9d:9g']) {
      expect(() => parseMac(wrong)).toThrow(`'${wrong}' is not a MAC address`);
    }
  });
});

describe('frames', () => {
  const header = {
    sourceMac: parseMac('02:6c:00:00:00:01'),
    destinationMac: parseMac('52:54:00:0b:9d:9f'),
    source: 0x0a4d0001,
    destination: 0x0a4d0064,
    sourcePort: 67,
    destinationPort: 68,
  };

  test('both checksums verify as a receiver computes them, for payloads of any length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 1472 }), (payload) => {
        const frame = new Uint8Array(FRAME_HEADROOM + payload.length);
        frame.set(payload, FRAME_HEADROOM);
        sealFrame(frame, header);
        expect(foldChecksum(sumWords(frame, 14, 34))).toBe(0);
        const udpLength = frame.length - 34;
        expect(foldChecksum(sumWords(frame, 26, 34) + 17 + udpLength + sumWords(frame, 34, frame.length))).toBe(0);
      }),
      { numRuns: 100 * scale, seed: 7 },
    );
  });

  test('a sum of zero is sent as 0xffff', () => {
    const frame = new Uint8Array(FRAME_HEADROOM + 2);
    sealFrame(frame, header);
    // The payload that completes the sum: then the checksum comes out as zero.
    const sum = ((frame[40] ?? 0) << 8) | (frame[41] ?? 0);
    frame[42] = sum >> 8;
    frame[43] = sum & 255;
    frame[40] = 0;
    frame[41] = 0;
    frame[24] = 0;
    frame[25] = 0;
    sealFrame(frame, header);
    expect(hex(frame.subarray(40, 42))).toBe('ffff');
  });

  test('an ARP probe is what RFC 5227 says, and is read back', () => {
    const probe = arpProbe(header.sourceMac, 0x0a4d0064);
    expect(hex(probe)).toBe(
      [
        'ffffffffffff',
        '026c00000001',
        '0806',
        '0001080006040001',
        '026c00000001',
        '00000000',
        '000000000000',
        '0a4d0064',
      ].join(''),
    );
    expect(parseArp(probe)).toEqual({
      operation: 1,
      senderMac: '02:6c:00:00:00:01',
      senderAddress: 0,
      targetAddress: 0x0a4d0064,
    });
    expect(parseArp(probe.subarray(0, 41))).toBeUndefined();
  });
});
