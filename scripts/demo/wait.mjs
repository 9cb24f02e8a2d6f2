/** Resolves when the person has had enough: Ctrl-C, or the terminal is closed. */
export function waitForCtrlC() {
  return new Promise((resolve) => {
    const timer = setInterval(() => {}, 60_000);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
      process.once(signal, () => {
        clearInterval(timer);
        resolve(signal);
      });
    }
  });
}
