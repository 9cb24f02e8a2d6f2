import { type ErrorDetails, invalidArgument } from './errors.ts';

/** What OpenSSH calls the types of public keys: `ssh-ed25519`, `ecdsa-sha2-nistp256`, `sk-ssh-ed25519@openssh.com`. */
const TYPE = /^(ssh|ecdsa|sk)-[a-z0-9@.-]+$/;

/** Whether a word is a key itself and not the name of one: names have no spaces. */
export function isPublicKeyText(text: string): boolean {
  return /\s/.test(text.trim()) || /^-{4,5} ?BEGIN /.test(text.trim());
}

/**
 * One public key as a line of `authorized_keys` has it, without options: `<type> <base64> [comment]`.
 * Source: sshd(8), "AUTHORIZED_KEYS FILE FORMAT"; RFC 4253 §6.6: the data begin with the type again.
 * @throws {KcoreError} InvalidArgument that says what the text is instead.
 */
export function parsePublicKey(text: string, field: string): string {
  const refuse = (problem: string, remedy?: string) => {
    const details: ErrorDetails = { field, ...(remedy === undefined ? {} : { remedy }) };
    return invalidArgument(`${field}: ${problem}`, details);
  };
  if (/PRIVATE KEY-----|^PuTTY-User-Key-File|^SSH PRIVATE KEY FILE/m.test(text)) {
    throw refuse(
      'this is a private key, which nobody else should have',
      'give the public one: the file ending in .pub',
    );
  }
  if (/BEGIN (SSH2 |RSA )?PUBLIC KEY/.test(text)) {
    throw refuse('this key is not in the form of OpenSSH', 'convert it with ssh-keygen -i, and -m PKCS8 if need be');
  }
  const lines = text.split(/\r?\n/).filter((line) => !/^\s*(#|$)/.test(line));
  const [line, ...more] = lines;
  if (line === undefined) throw refuse('there is no key in it');
  if (more.length > 0) throw refuse(`there are ${lines.length} keys in it; give them one by one`);
  const [type = '', data = '', ...comment] = line.trim().split(/\s+/);
  if (!TYPE.test(type)) {
    throw refuse(
      `a public key begins with its type (ssh-ed25519, ssh-rsa, ecdsa-…, sk-…) and not with '${type.slice(0, 20)}'`,
    );
  }
  if (data === '') throw refuse(`after ${type} there is no key`);
  if (innerType(data) !== type) throw refuse(`the data after ${type} are not such a key; was it copied as a whole?`);
  return [type, data, ...comment].join(' ');
}

/** The type that the data name; undefined where they are cut short or no base64. */
function innerType(data: string): string | undefined {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(data) || data.length % 4 !== 0) return undefined;
  const bytes = Buffer.from(data, 'base64');
  const fields = fieldsOf(bytes);
  return fields === undefined || fields.length < 2 ? undefined : fields[0]?.toString('latin1');
}

/** RFC 4251 §5: each field is preceded by its length, 4 bytes big-endian. */
function fieldsOf(bytes: Buffer): Buffer[] | undefined {
  const fields: Buffer[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (at + 4 > bytes.length) return undefined;
    const end = at + 4 + bytes.readUInt32BE(at);
    if (end > bytes.length) return undefined;
    fields.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return fields;
}
