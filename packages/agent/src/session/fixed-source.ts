import type { SpecObject } from '@kcore/contract';
import type { SpecSink, SpecSource } from './source.ts';

/** A source that says one thing once: for nodes without a controller, and for examples. */
export function fixedSource(objects: readonly SpecObject[], revision = 1): SpecSource {
  return {
    async run(sink: SpecSink, signal: AbortSignal): Promise<void> {
      await sink.write({ epoch: 'fixed', revision, clear: true, set: objects, delete: [] });
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    },
  };
}
