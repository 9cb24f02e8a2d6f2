import { Command, Option } from 'clipanion';
import { StreamCommand } from '../cli/stream-command.ts';
import { parseInteger } from '../input/number.ts';
import { given, present } from '../input/present.ts';
import { writeAll } from '../terminal/write-all.ts';

export class Logs extends StreamCommand {
  static override paths = [['logs']];
  static override usage = Command.Usage({
    category: 'VMs',
    description: 'Print what the serial console of a VM said.',
    details: 'The bytes are printed as the VM wrote them, colours and all. The node keeps the latest of them.',
    examples: [
      ['All that is kept', '$0 logs web-01'],
      ['The last lines, and those to come', '$0 logs web-01 --tail 20 --follow'],
    ],
  });

  name = Option.String({ name: 'NAME' });
  follow = Option.Boolean('-f,--follow', false, { description: 'go on with what is said from now on' });
  tail = Option.String('--tail', { description: '<N> only the last lines' });

  protected override async perform(): Promise<undefined> {
    const tailLines = given(this.tail, (text) => parseInteger('--tail', text));
    const params = { name: this.name, ...present({ follow: this.follow ? true : undefined, tailLines }) };
    const { call } = await this.open('vm.logs', params);
    using _connection = call;
    call.stream.end();
    for await (const bytes of call.stream.readable) await writeAll(this.context.stdout, bytes);
  }
}
