#!/usr/bin/env node
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cloudKernel, tinyGuestImage } from './guest-image/tiny.mjs';

/** Builds the tiny guest's disk image, unless it is there, and prints its path. Needs syslinux, mtools and a cloud kernel. */
const kernelVersion = cloudKernel();
if (kernelVersion === undefined) {
  process.stderr.write('Error: there is no cloud kernel in /boot; install linux-image-cloud-amd64\n');
  process.exitCode = 1;
} else {
  process.stdout.write(`${tinyGuestImage({ cache: join(tmpdir(), 'kcore-guest-images'), kernelVersion })}\n`);
}
