import { monitorTasks } from './ours/monitor.ts';
import { nftTasks } from './ours/nft.ts';
import { rtnlTasks, type Task } from './ours/rtnl.ts';

/** One task of ours in a fresh process, as the rivals are: `worker.js TASK ARGUMENT...`. Prints one line of JSON. */
const tasks: Readonly<Record<string, Task>> = { ...rtnlTasks, ...nftTasks, ...monitorTasks };

const [name = '', ...args] = process.argv.slice(2);
const task = tasks[name];
if (task === undefined) throw new Error(`no task ${name}`);
process.stdout.write(`${JSON.stringify(await task(args))}\n`);
