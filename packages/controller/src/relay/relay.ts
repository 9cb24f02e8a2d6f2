import type { ByteStream } from '@kcore/contract';

/**
 * Joins a caller's stream to a node's: what one side writes the other reads. A chunk is read only when the one before it was
 * taken, so a slow reader at one end makes the writer at the other wait, and nothing gathers here. An end goes through as an
 * end, a failure as a failure with its reason.
 *
 * A caller that fails is gone, and the node's part ends at once, whatever is still on its way there. A node that fails may have
 * said something before: the caller gets it first.
 */
export function relay(caller: ByteStream, node: ByteStream): void {
  void pump(caller, node);
  const told = pump(node, caller);
  void caller.closed.then((error) => error && node.fail(error));
  void node.closed.then(async (error) => {
    if (error === undefined) return;
    await told;
    caller.fail(error);
  });
}

/** Resolves when nothing more comes or can be handed on. Never rejects: failures reach both sides by the ends of the streams. */
async function pump(from: ByteStream, to: ByteStream): Promise<void> {
  try {
    for await (const bytes of from.readable) await to.write(bytes);
    to.end();
  } catch {}
}
