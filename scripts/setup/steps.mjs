const onTerminal = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
const paint = (code, text) => (onTerminal ? `\x1b[${code}m${text}\x1b[0m` : text);

export const dim = (text) => paint('2', text);
export const bold = (text) => paint('1', text);
export const green = (text) => paint('32', text);
export const red = (text) => paint('31', text);

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

function seconds(since) {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}

/**
 * Shows one step of work: a spinner while it runs (on a terminal), then a tick with what it found and how long it took.
 *
 * @param {string} title
 * @param {(detail: (text: string) => void) => Promise<string>} work
 */
export async function step(title, work) {
  const started = performance.now();
  let frame = 0;
  const draw = () =>
    process.stdout.write(`\r\x1b[2K ${SPINNER[frame++ % SPINNER.length]} ${title} ${dim(seconds(started))}`);
  const timer = onTerminal ? setInterval(draw, 100) : undefined;
  const clear = () => {
    clearInterval(timer);
    if (onTerminal) process.stdout.write('\r\x1b[2K');
  };
  try {
    const found = await work((text) => {
      if (onTerminal) process.stdout.write('\r\x1b[2K');
      process.stdout.write(text.replace(/^(?=.)/gm, '     '));
    });
    clear();
    process.stdout.write(` ${green('✔')} ${title}${found ? dim(`  ${found}`) : ''} ${dim(`(${seconds(started)})`)}\n`);
  } catch (error) {
    clear();
    process.stdout.write(` ${red('✘')} ${title} ${dim(`(${seconds(started)})`)}\n`);
    throw error;
  }
}
