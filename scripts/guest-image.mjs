#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { debianGuestImage } from './guest-image/debian.mjs';
import { cloudKernel, tinyGuestImage } from './guest-image/tiny.mjs';

/**
 * Builds a disk image for the guests of tests, unless it is there, and prints its path: the tiny one, or with `--debian` the one
 * with the real cloud-init, which takes a minute or two. Needs root and what `setup/packages.mjs` lists.
 */
const cacheHome = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
const cache = join(cacheHome, 'kcore', 'guest-images');
const kernelVersion = cloudKernel();
const suite = /^VERSION_CODENAME=(\w+)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
try {
  if (kernelVersion === undefined)
    throw new Error('there is no cloud kernel in /boot; install linux-image-cloud-amd64');
  if (suite === undefined) throw new Error('/etc/os-release does not say which Debian this is');
  const build = process.argv.includes('--debian') ? debianGuestImage : tinyGuestImage;
  process.stdout.write(`${build({ cache, kernelVersion, suite })}\n`);
} catch (error) {
  process.stderr.write(`Error: ${error.message}\n`);
  process.exitCode = 1;
}
