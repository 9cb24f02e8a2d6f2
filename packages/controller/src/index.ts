export { type Clock, systemClock } from './clock.ts';
export { type ControllerConfig, readConfig } from './config.ts';
export { type Connected, type Controller, type ControllerOptions, createController } from './controller.ts';
export { type RunningController, runController } from './run.ts';
export { LmdbStore } from './store/lmdb.ts';
export { MemoryStore } from './store/memory.ts';
export { isObserved } from './store/rows.ts';
export type { Change, Commit, Committed, Row, Store, StoreOptions, Transaction } from './store/store.ts';
