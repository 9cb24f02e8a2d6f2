import { KcoreError } from '@kcore/contract';
import { Command, Option } from 'clipanion';
import { StreamCommand } from '../cli/stream-command.ts';
import { present } from '../input/present.ts';
import { attach } from '../terminal/attach.ts';
import { parseDetachKey } from '../terminal/detach-key.ts';
import { isTerminal } from '../terminal/raw-mode.ts';

export class Console extends StreamCommand {
  static override paths = [['console']];
  static override usage = Command.Usage({
    category: 'VMs',
    description: 'Use the serial console of a VM.',
    details: `
      At a terminal every key goes to the VM, Ctrl-C too, but for the key that detaches; the VM goes on. One person has a
      console: who opens it next takes it. When standard input is no terminal, it is sent as it is, and what the VM says
      goes on until the VM goes down. Ends with 0 when you detached or the VM went down, with 7 when somebody else took the
      console, with 6 when the connection was lost.
    `,
    examples: [
      ['', '$0 console web-01'],
      ['Where Ctrl-] is hard to type', '$0 console web-01 --detach-key ctrl-a'],
      ['From a script', 'echo reboot | timeout 60 $0 console web-01'],
    ],
  });

  name = Option.String({ name: 'NAME' });
  detachKey = Option.String('--detach-key', 'ctrl-]', {
    description: '<KEY> what detaches: ctrl-] (default), ctrl- and a letter, or none',
  });

  protected override async perform(): Promise<undefined> {
    const { stdin, stdout } = this.context;
    const key = parseDetachKey('--detach-key', this.detachKey);
    const { call, answer } = await this.open('vm.console', { name: this.name });
    using _connection = call;
    const keys = isTerminal(stdin);
    const detachByte = keys ? key.byte : undefined;
    const how = detachByte === undefined ? '' : `; ${key.name} detaches`;
    const end = await attach(call.stream, {
      stdin,
      stdout,
      ...present({ detachByte }),
      interrupted: this.context.interrupted(),
      onAttached: () => this.note(`connected to the console of vm '${this.name}' on node '${answer.node}'${how}`),
    }).catch((error: unknown) => {
      this.beginLine(keys);
      throw error;
    });
    this.beginLine(keys);
    if (end === 'interrupted') throw new KcoreError('Aborted', `interrupted; vm '${this.name}' goes on`);
    this.note(end === 'detached' ? `detached; vm '${this.name}' goes on` : `vm '${this.name}' went down`);
  }

  /** What the VM said last may have left the cursor anywhere. */
  private beginLine(atTerminal: boolean): void {
    if (atTerminal) this.context.stderr.write('\n');
  }
}
