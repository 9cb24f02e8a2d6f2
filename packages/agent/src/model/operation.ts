import type { Resource } from './resource.ts';

/** One change of one kernel object, with the reason a person would give for it. */
export type Operation =
  | { readonly op: 'create'; readonly want: Resource; readonly reason: string }
  | { readonly op: 'update'; readonly want: Resource; readonly have: Resource; readonly reason: string }
  | { readonly op: 'delete'; readonly have: Resource; readonly reason: string };

/** In the order they must be applied. */
export type Plan = readonly Operation[];

/** What became of an operation. `unknown`: the kernel's acknowledgement was lost; only looking again tells. */
export type OperationResult =
  | { readonly status: 'ok' }
  | { readonly status: 'failed'; readonly code: string; readonly message: string }
  | { readonly status: 'unknown'; readonly message: string }
  /** Not tried, because the object it depends on could not be made. */
  | { readonly status: 'skipped'; readonly message: string };
