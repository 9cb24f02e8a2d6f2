import { type ByteStream, KcoreError } from '@kcore/contract';
import type { GuestConsole } from '../model/runtime.ts';

/** Who has which guest's console: one person a guest, over all sessions of this agent. */
export interface Consoles {
  /**
   * Joins a guest's console to the stream, which ends when the guest goes down. Whoever had it loses it first.
   * Resolves when it is open. @throws what `open` throws
   */
  attach(name: string, stream: ByteStream, open: () => Promise<GuestConsole>): Promise<void>;
}

interface Holder {
  /** Takes the console away; resolves when it is let go. Never rejects. */
  leave(reason: KcoreError): Promise<void>;
}

export function createConsoles(): Consoles {
  const holders = new Map<string, Holder>();
  /** Of each guest, the last that was asked for: they are opened one after the other. */
  const opening = new Map<string, Promise<unknown>>();

  const replace = async (name: string, stream: ByteStream, open: () => Promise<GuestConsole>): Promise<void> => {
    await holders.get(name)?.leave(
      new KcoreError('Aborted', `somebody else opened the console of VM '${name}'`, {
        remedy: `'kctl console ${name}' takes it back`,
      }),
    );
    const console = await open();
    const over = converse(console, stream);
    const holder: Holder = {
      leave(reason) {
        stream.fail(reason);
        return over;
      },
    };
    holders.set(name, holder);
    void over.then(() => {
      if (holders.get(name) === holder) holders.delete(name);
    });
  };

  return {
    attach(name, stream, open) {
      const before = opening.get(name) ?? Promise.resolve();
      const mine = before.then(() => replace(name, stream, open));
      const settled = mine
        .catch(() => {})
        .then(() => {
          if (opening.get(name) === settled) opening.delete(name);
        });
      opening.set(name, settled);
      return mine;
    },
  };
}

/** Both ways until the guest goes down or the other side is gone, then lets the console go. Never rejects. */
async function converse(console: GuestConsole, stream: ByteStream): Promise<void> {
  const failed = stream.closed.then(() => {});
  try {
    await using _held = console;
    void typed(console, stream);
    await Promise.race([shown(console, stream), failed]);
  } catch {
    // It is let go as well as it can be; the next one to open it will meet what is wrong.
  }
}

async function shown(console: GuestConsole, stream: ByteStream): Promise<void> {
  try {
    for await (const bytes of console.output) await stream.write(bytes);
    stream.end();
  } catch (error) {
    stream.fail(reasonOf(error, 'the console failed'));
  }
}

/** After the guest went down, what is still typed is taken and forgotten, so that the other side can end its part. */
async function typed(console: GuestConsole, stream: ByteStream): Promise<void> {
  const guest = { isThere: true };
  try {
    for await (const bytes of stream.readable) {
      if (!guest.isThere) continue;
      await console.write(bytes).catch(() => {
        guest.isThere = false;
      });
    }
  } catch {
    // The stream failed: `converse` sees it by its end.
  }
}

/** A runtime's error in words; one that is none of ours is told as it is, since it is about this guest and not about a bug. */
export function reasonOf(error: unknown, what: string): KcoreError {
  if (error instanceof KcoreError) return error;
  return new KcoreError('Internal', `${what}: ${error instanceof Error ? error.message : String(error)}`, {}, error);
}
