import { KcoreError } from '@kcore/contract';
import { Option } from 'clipanion';
import type { OutputFormat } from '../output/format.ts';
import { type KcoreObject, listObject } from '../output/objects.ts';
import { type Column, tableLines } from '../text/table.ts';
import { ControllerCommand } from './command.ts';
import { reportError } from './report.ts';

/** How rows of one kind are shown. */
export interface Shape<Row> {
  /** For `-o name`, and for what is said when there is none. */
  readonly kind: string;
  readonly columns: readonly Column<Row>[];
  readonly wide: readonly Column<Row>[];
  readonly object: (row: Row) => KcoreObject;
  /** One line for each row that has one, where the command has the format `dnsmasq`. */
  readonly dnsmasq?: (row: Row) => readonly string[];
}

/** A command that lists objects: a table for people, manifests for programs. */
export abstract class GetCommand extends ControllerCommand {
  protected override readonly formats: readonly OutputFormat[] = ['table', 'wide'];

  override output = Option.String('-o,--output', {
    description: '<FORMAT> table (default), wide, json, yaml or name',
  });

  /** One name asked for is one object in JSON; anything else is a list. */
  protected async showRows<Row>(rows: readonly Row[], shape: Shape<Row>, single: boolean): Promise<void> {
    const [first] = rows;
    if (first === undefined && (this.format === 'table' || this.format === 'wide')) this.note(`no ${shape.kind}s`);
    await this.show({
      lines: ({ wide, colours, format }) =>
        format === 'dnsmasq'
          ? rows.flatMap((row) => shape.dnsmasq?.(row) ?? [])
          : tableLines(wide ? shape.wide : shape.columns, rows, { colours }),
      data: () => (single && first !== undefined ? shape.object(first) : listObject(rows.map(shape.object))),
      names: () => rows.map((row) => `${shape.kind}/${shape.object(row).metadata.name}`),
    });
  }

  /**
   * Gets each name; those that are not there are reported after the others are shown.
   * Anything but NotFound ends it at once: the next name would meet the same.
   */
  protected async getEach<Row>(
    names: readonly string[],
    getOne: (name: string) => Promise<Row>,
    shape: Shape<Row>,
  ): Promise<number> {
    const rows: Row[] = [];
    const missing: KcoreError[] = [];
    for (const name of new Set(names)) {
      try {
        rows.push(await getOne(name));
      } catch (error) {
        if (!(error instanceof KcoreError) || error.code !== 'NotFound') throw error;
        missing.push(error);
      }
    }
    if (rows.length > 0) await this.showRows(rows, shape, names.length === 1);
    return missing.map((error) => reportError(error, this.context))[0] ?? 0;
  }
}
