import { describe, test } from 'vitest';
import { scale } from '../conformance/case.ts';
import { Stage } from '../conformance/stage.ts';
import { subjectOf } from '../conformance/subjects.ts';
import { CASES } from '../conformance/table.ts';

/** KCORE_DHCP_SUBJECT tries the same cases on dnsmasq or Kea, whose failures are findings for docs/dhcp-conformance.md. */
const name = process.env['KCORE_DHCP_SUBJECT'] ?? 'kcore';

describe.concurrent(`DHCP of ${name}`, () => {
  for (const [index, { run, ...row }] of CASES.entries()) {
    const title = `${row.id}: ${row.title}: ${row.expected} (${row.source})`;
    test(title, { timeout: 200_000 + 20_000 * scale }, async ({ task }) => {
      await using stage = await Stage.open(`c${index}`, subjectOf(name));
      // For the report of the comparison.
      Object.assign(task.meta, { row, version: stage.subject.version });
      await run(stage);
    });
  }
});
