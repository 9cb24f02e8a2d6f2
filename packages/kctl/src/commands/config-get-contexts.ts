import { Command } from 'clipanion';
import { OutputCommand } from '../cli/command.ts';
import type { ContextEntry } from '../config/config.ts';
import { readConfig } from '../config/file.ts';
import { byName } from '../output/order.ts';
import { type Column, tableLines } from '../text/table.ts';

export class ConfigGetContexts extends OutputCommand {
  static override paths = [['config', 'get-contexts']];
  static override usage = Command.Usage({
    category: 'Configuration',
    description: 'List the clusters that kctl knows.',
    examples: [['', '$0 config get-contexts']],
  });

  protected override readonly formats = ['table'] as const;

  protected override async perform(): Promise<undefined> {
    const { contexts, currentContext } = await readConfig(this.configFile);
    const rows = [...contexts].sort((a, b) => byName(a.name, b.name));
    const columns: Column<ContextEntry>[] = [
      { heading: 'CURRENT', cell: ({ name }) => (name === currentContext ? '*' : ' ') },
      { heading: 'NAME', cell: ({ name }) => name },
      { heading: 'CONTROLLER', cell: ({ controller }) => controller },
    ];
    if (rows.length === 0) this.note(`no contexts in ${this.configFile}`);
    await this.show({
      lines: ({ colours }) => tableLines(columns, rows, { colours }),
      // Certificates and keys are left out: this is printed to be looked at.
      data: () => rows.map(({ name, controller }) => ({ name, controller, current: name === currentContext })),
      names: () => rows.map(({ name }) => name),
    });
  }
}
