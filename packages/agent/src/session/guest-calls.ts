import { type ByteStream, failedPrecondition, type Handlers, type KcoreError } from '@kcore/contract';
import type { NodeImages, VmRuntime } from '../model/runtime.ts';
import { createConsoles, reasonOf } from './consoles.ts';

/**
 * What the controller may call here. It is served on the connection that this agent dialled, and nowhere else: the far end has
 * shown the controller's certificate.
 */
export function guestCalls(runtime: VmRuntime): Handlers {
  const consoles = createConsoles();
  return {
    'guest.console': async ({ name }, stream) => {
      const { console } = runtime;
      if (console === undefined) throw lacking(runtime, 'guests', 'no console');
      await consoles.attach(name, stream, () => console.call(runtime, name));
      return {};
    },
    'guest.logs': ({ name, follow, tailLines }, stream) => {
      const { logs } = runtime;
      if (logs === undefined) throw lacking(runtime, 'guests', 'no log');
      const options = { follow, ...(tailLines === undefined ? {} : { tailLines }) };
      void send(stream, (signal) => logs.call(runtime, name, options, signal));
      return {};
    },
    'image.receive': async ({ stream: _number, ...image }, stream) => {
      const received = await imagesOf(runtime).receive(image, stream.readable, signalOf(stream));
      stream.end();
      return { image: received };
    },
    'image.remove': async ({ digest }) => {
      await imagesOf(runtime).remove(digest);
      return {};
    },
  };
}

function imagesOf(runtime: VmRuntime): NodeImages {
  if (runtime.images === undefined) throw lacking(runtime, 'nodes', 'no images');
  return runtime.images;
}

function lacking({ description }: VmRuntime, who: string, what: string): KcoreError {
  return failedPrecondition(`${who} of runtime '${description}' have ${what}`, {
    remedy: 'set "runtime": {"kind": "qemu"} in the configuration of the node\'s agent',
  });
}

/** Aborts when the stream is over. */
function signalOf(stream: ByteStream): AbortSignal {
  const over = new AbortController();
  void stream.closed.then(() => over.abort());
  return over.signal;
}

/** Never rejects: what goes wrong is what the stream fails with. */
async function send(stream: ByteStream, bytesOf: (signal: AbortSignal) => AsyncIterable<Uint8Array>): Promise<void> {
  try {
    for await (const bytes of bytesOf(signalOf(stream))) await stream.write(bytes);
    stream.end();
  } catch (error) {
    stream.fail(reasonOf(error, 'the log failed'));
  }
}
