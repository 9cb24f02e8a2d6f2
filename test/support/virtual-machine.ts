import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { eventually } from './eventually.ts';
import type { TestLab } from './lab.ts';

/** A virtual machine of a lab, as a person at its console has it. */
export interface VirtualMachine {
  readonly node: string;
  readonly pid: number;
  /** All it has said since it was made. */
  console(): Promise<string>;
  /** Types a command into its shell and resolves with what it printed. @throws when its status is not 0. */
  shell(command: string): Promise<string>;
}

/** Waits until the guest has said that it is ready; under emulation that takes seconds. */
export async function bootedVm(lab: TestLab, name: string): Promise<VirtualMachine> {
  const { status } = await eventually(
    async () => {
      const found = await lab.json('describe', 'vm', name);
      if (found.status.pid === undefined)
        throw new Error(`VM ${name} is ${found.status.state}: ${found.status.message}`);
      return found;
    },
    { timeoutMs: 30_000 },
  );
  const directory = `/proc/${status.pid}/cwd`;
  const console = (): Promise<string> => readFile(`${directory}/console.log`, 'utf8');
  await eventually(
    async () => {
      const said = await console();
      // The shell's prompt follows; what is typed before it is lost.
      if (!new RegExp(`tiny guest ready: ${name}[^]*/ # `).test(said.slice(said.lastIndexOf('SYSLINUX'))))
        throw new Error(`VM ${name} is not up; it said: ${said}`);
    },
    { timeoutMs: 90_000 },
  );
  return { node: status.node, pid: status.pid, console, shell: (command) => typed(directory, command, console) };
}

/** The guest's shell echoes what is typed, so that the marks around the output are spelt differently in the command. */
async function typed(directory: string, command: string, console: () => Promise<string>): Promise<string> {
  const mark = `mark-${Math.random().toString(36).slice(2)}`;
  const socket = connect(`${directory}/console.sock`);
  await new Promise((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  socket.resume();
  socket.write(`echo "<"${mark}; ${command}; echo ">"${mark}=$?\n`);
  try {
    return await eventually(
      async () => {
        const match = new RegExp(`<${mark}\\r?\\n([^]*?)>${mark}=(\\d+)`).exec(await console());
        if (match === null) throw new Error(`'${command}' has not ended`);
        const [, output = '', status] = match;
        if (status !== '0') return Promise.reject(new Error(`'${command}': status ${status}\n${output}`));
        return output.replaceAll('\r', '');
      },
      { timeoutMs: 60_000 },
    );
  } finally {
    socket.destroy();
  }
}
