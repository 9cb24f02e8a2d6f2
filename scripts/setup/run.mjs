import { spawn } from 'node:child_process';

/**
 * Runs a program and waits for it.
 *
 * @param {string} program
 * @param {readonly string[]} arguments_
 * @param {{cwd?: string, env?: NodeJS.ProcessEnv, onOutput?: (text: string) => void}} [options]
 *   Without `onOutput` the program writes to our own streams.
 * @returns {Promise<{code: number, output: string}>}
 */
export function run(program, arguments_, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, arguments_, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: options.onOutput ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'],
    });
    let output = '';
    const collect = (data) => {
      output += data;
      options.onOutput?.(String(data));
    };
    child.stdout?.on('data', collect);
    child.stderr?.on('data', collect);
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code: code ?? (signal ? 128 : 1), output }));
  });
}
