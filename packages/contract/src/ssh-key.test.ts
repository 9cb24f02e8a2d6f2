import { describe, expect, it } from 'vitest';
import { KcoreError } from './errors.ts';
import { isPublicKeyText, parsePublicKey } from './ssh-key.ts';

const data = (...fields: string[]) =>
  Buffer.concat(
    fields.map((field) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(Buffer.byteLength(field));
      return Buffer.concat([length, Buffer.from(field)]);
    }),
  ).toString('base64');

/** Made by ssh-keygen. */
const ed25519 = 'AAAAC3NzaC1lZDI1NTE5AAAAIMy1Xw9y20oVa0gtqsrMhriek3WEaaRFS4VyM0scI69w';
const ecdsa =
  'AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBEUx7oi7XqkoItbkUGzRLA0HFfvCX0yGsKM2QOg9W9SocSAoEMf9LTeVun2H/vAo+IljkaqcmADtpUUs/c6AwwY=';

describe('public keys', () => {
  it.each([
    [`ssh-ed25519 ${ed25519} me@host`, `ssh-ed25519 ${ed25519} me@host`],
    [`  ssh-ed25519\t${ed25519}  my  laptop\n`, `ssh-ed25519 ${ed25519} my laptop`],
    [`# mine\n\nssh-ed25519 ${ed25519}\r\n`, `ssh-ed25519 ${ed25519}`],
    [`ecdsa-sha2-nistp256 ${ecdsa}`, `ecdsa-sha2-nistp256 ${ecdsa}`],
    [
      `sk-ssh-ed25519@openssh.com ${data('sk-ssh-ed25519@openssh.com', 'x', 'ssh:')}`,
      `sk-ssh-ed25519@openssh.com ${data('sk-ssh-ed25519@openssh.com', 'x', 'ssh:')}`,
    ],
  ])('%j is one', (text, line) => {
    expect(parsePublicKey(text, 'key')).toBe(line);
    expect(isPublicKeyText(text)).toBe(true);
  });

  it.each([
    ['-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY-----', 'this is a private key'],
    ['-----BEGIN RSA PRIVATE KEY-----\nMII', 'this is a private key'],
    ['PuTTY-User-Key-File-3: ssh-ed25519\n', 'this is a private key'],
    ['---- BEGIN SSH2 PUBLIC KEY ----\nAAAA', 'not in the form of OpenSSH'],
    ['-----BEGIN PUBLIC KEY-----\nAAAA', 'not in the form of OpenSSH'],
    [`ssh-ed25519 ${ed25519}\nssh-ed25519 ${ed25519}`, 'there are 2 keys in it'],
    ['', 'there is no key in it'],
    ['ssh-ed25519 ', 'after ssh-ed25519 there is no key'],
    [`ssh-rsa ${ed25519}`, 'are not such a key'],
    [`ssh-ed25519 ${ed25519.slice(0, -4)}`, 'are not such a key'],
    [`ssh-ed25519 ${ed25519.slice(0, -1)}`, 'are not such a key'],
    [`ssh-ed25519 ${data('ssh-ed25519')}`, 'are not such a key'],
    ['ssh-ed25519 not*base64', 'are not such a key'],
    [`restrict ssh-ed25519 ${ed25519}`, "and not with 'restrict'"],
  ])('%j is none', (text, problem) => {
    expect(() => parsePublicKey(text, 'spec.sshKeys.0')).toThrow(KcoreError);
    expect(() => parsePublicKey(text, 'spec.sshKeys.0')).toThrow(problem);
  });

  it.each(['anna', 'anna-laptop', 'ssh-key-of-anna', 'ssh-ed25519'])('%s is a name', (text) => {
    expect(isPublicKeyText(text)).toBe(false);
  });
});
