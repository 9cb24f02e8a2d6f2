import { defineConfig } from 'vitest/config';

// Packages import each other by name; in tests the names lead to the sources, so that no build is needed.
const fromSource = { resolve: { conditions: ['@kcore/source'] }, ssr: { resolve: { conditions: ['@kcore/source'] } } };

export default defineConfig({
  ...fromSource,
  test: {
    reporters: ['default', './test/support/closing-line.ts'],
    projects: [
      {
        ...fromSource,
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'packages/*/test/*.test.ts', 'test/*.test.ts'],
          // Its ESM build imports a directory, which Node refuses and vite's own loader does not.
          server: { deps: { inline: ['clipanion'] } },
          // Two of three seconds went into loading the same modules for each file anew. None has state of its own
          // (test/floors.test.ts): what a test needs it makes.
          isolate: false,
          // The default is one less than there are cores: half of a small machine.
          maxWorkers: '100%',
          // A machine that builds a disk image beside them is slow; nothing here waits for anything but the processor.
          testTimeout: 60_000,
        },
      },
      {
        // Real sockets in network namespaces of their own; needs root.
        ...fromSource,
        test: {
          name: 'kernel',
          include: ['packages/*/test/kernel/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        // Whole programs, from `dist`, in a lab; needs root and a build. One at a time: they count seconds and lost pings.
        ...fromSource,
        test: {
          name: 'system',
          include: ['test/system/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        // What this machine's kernel may lack (802.1Q, bond, vrf …): run inside a full Debian kernel by scripts/run-in-kernel.
        ...fromSource,
        test: {
          name: 'full-kernel',
          include: ['test/vlan/**/*.test.ts', 'packages/*/test/full-kernel/**/*.test.ts'],
          pool: 'threads',
          isolate: false,
          maxWorkers: 1,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
