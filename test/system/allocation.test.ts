import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { kctl, openLab, type TestLab } from '../support/lab.ts';

const opened: TestLab[] = [];
const lab = (): TestLab => opened[0] as TestLab;

const CLIENTS = ['a', 'b'] as const;
const EACH = 100;

/** VMs that are not started: it is their addresses that count here. */
function manifest(client: string): string {
  return Array.from(
    { length: EACH },
    (_, index) => `kind: VM
metadata: {name: ${client}-${index}}
spec: {cpu: 1, memoryBytes: 256M, state: stopped, nics: [{network: private}], disks: [{image: debian-12}]}
`,
  ).join('---\n');
}

interface Bound {
  readonly name: string;
  readonly address: string;
}
async function bound(): Promise<readonly Bound[]> {
  const { items } = await lab().json('get', 'vms');
  return items.map(({ metadata, status }: { metadata: { name: string }; status: { nics: { address: string }[] } }) => ({
    name: metadata.name,
    address: status.nics[0]?.address,
  }));
}

beforeAll(async () => {
  opened.push(await openLab({ nodes: 2 }));
  await lab().ok(
    ...'create network private --type vxlan --gateway-ip 10.250.0.1 --internal-netmask 255.255.255.0'.split(' '),
  );
});
afterAll(async () => {
  for (const one of opened) await one[Symbol.asyncDispose]();
});

test('R-13, R-50: two clients create 200 VMs while the controller is killed: nothing acknowledged is lost, no address twice', async () => {
  const apply = (client: string) =>
    kctl(['apply', '-f', '-', '--context', `lab-${lab().name}`], { env: lab().env, input: manifest(client) });
  const clients = Promise.all(CLIENTS.map(apply));
  const before = await eventually(async () => {
    const { length } = await bound();
    expect(length).toBeGreaterThan(10);
    return length;
  });
  // Else it would be killed when all was done.
  expect(before).toBeLessThan(CLIENTS.length * EACH);
  await lab().restartController();
  await sleep(500);
  await lab().restartController();
  const results = await clients;

  const created = results.flatMap(({ stdout }) =>
    [...stdout.matchAll(/^created vm '([^']+)'/gm)].map(([, name]) => name),
  );
  const found = await eventually(bound);
  const names = new Set(found.map(({ name }) => name));
  expect(created.filter((name) => name === undefined || !names.has(name))).toEqual([]);
  expect(created.length).toBeGreaterThan(10);
  expect(new Set(found.map(({ address }) => address)).size).toBe(found.length);

  // What was not acknowledged is made by the next try, and nothing twice.
  for (const result of await Promise.all(CLIENTS.map(apply)))
    expect([result.code, result.stderr]).toEqual([0, expect.anything()]);
  const all = await bound();
  expect(all).toHaveLength(CLIENTS.length * EACH);
  const addresses = all.map(({ address }) => address);
  expect(new Set(addresses).size).toBe(addresses.length);
  expect(addresses).not.toContain('10.250.0.1');
  expect(addresses.every((address) => /^10\.250\.0\.([2-9]|[1-9]\d|1\d\d|2[0-4]\d|25[0-4])$/.test(address))).toBe(true);
  for (const { name, address } of found) expect(all).toContainEqual({ name, address });
});

test('R-13: a full pool is an error that changes nothing', async () => {
  const before = (await bound()).length;
  const rest = Array.from({ length: 253 - before }, (_, index) => `rest-${index}`);
  await lab().apply(
    rest
      .map(
        (name) =>
          `kind: VM\nmetadata: {name: ${name}}\nspec: {cpu: 1, memoryBytes: 256M, state: stopped, nics: [{network: private}]}\n`,
      )
      .join('---\n'),
  );
  const refused = await lab().kctl('create', 'vm', 'one-too-many', '--network', 'private', '--image', 'debian-12');
  expect([refused.code, refused.stderr]).toEqual([8, expect.stringContaining('ResourceExhausted')]);
  expect((await lab().kctl('get', 'vms', 'one-too-many')).code).toBe(3);
  await lab().ok('delete', 'vm', 'rest-0');
  await lab().ok('create', 'vm', 'one-too-many', '--network', 'private', '--image', 'debian-12', '--node', 'node-1');
});
