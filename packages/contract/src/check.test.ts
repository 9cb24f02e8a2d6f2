import { describe, expect, test } from 'vitest';
import { check } from './check.ts';
import { KcoreError } from './errors.ts';
import { methods } from './methods.ts';
import { NetworkSpec } from './network.ts';

function failure(value: unknown): KcoreError {
  try {
    check(NetworkSpec, value);
  } catch (error) {
    if (error instanceof KcoreError) return error;
  }
  throw new Error('was accepted');
}

describe('checking a value', () => {
  test.each([
    [{ gatewayip: '10.0.0.1' }, "unknown field 'gatewayip'", 'gatewayip'],
    [{ gatewayIp: '10.0.0.256' }, "gatewayIp: '10.0.0.256' is not an IPv4 address (for example 10.0.0.1)", 'gatewayIp'],
    [
      { forwards: [{ protocol: 'tcp', port: 70000, vm: 'a' }] },
      'forwards.0.port: a port is 1 to 65535',
      'forwards.0.port',
    ],
    [{ forwards: [{ port: 80, vm: 'a' }] }, "missing field 'forwards.0.protocol'", 'forwards.0.protocol'],
    [{ enableOutboundNat: 'yes' }, 'enableOutboundNat: expected boolean but got "yes"', 'enableOutboundNat'],
  ])('%j', (value, message, field) => {
    const error = failure(value);
    expect(error.code).toBe('InvalidArgument');
    expect(error.message).toBe(message);
    expect(error.details.field).toBe(field);
  });

  test('a union says what is wrong, in one sentence', () => {
    expect(() =>
      check(methods['vm.create'].params, {
        requestId: '0123456789abcdef',
        name: 'a',
        spec: { memoryBytes: true },
      }),
    ).toThrow(/^spec\.memoryBytes: /);
  });

  test('every wrong field is in the details', () => {
    expect(failure({ mtu: 'big', typ: 'nat' })).toMatchObject({
      message: 'mtu: expected number but got "big" (and 1 more)',
      details: { issues: [{ field: 'mtu' }, { field: 'typ', unknownKey: 'typ' }] },
    });
  });
});
