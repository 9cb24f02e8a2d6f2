import * as v from 'valibot';
import { type ErrorDetails, KcoreError } from './errors.ts';

/** One thing that is wrong with a value, in words for the person who wrote it. */
export interface Issue {
  /** Where: `spec.forwards.0.port`; empty for the value itself. */
  readonly field: string;
  readonly message: string;
  /** The key that is not known, when that is what is wrong; for suggestions. */
  readonly unknownKey?: string;
}

/** valibot's issues, as sentences. */
export function issuesOf(issues: readonly v.BaseIssue<unknown>[]): readonly Issue[] {
  return issues.map(describe);
}

function describe(issue: v.BaseIssue<unknown>): Issue {
  const field = v.getDotPath(issue) ?? '';
  if (issue.expected === 'never') {
    const key = field.split('.').at(-1) ?? field;
    return { field, message: `unknown field '${field}'`, unknownKey: key };
  }
  if (issue.received === 'undefined') return { field, message: `missing field '${field}'` };
  // A schema's own message is a sentence already; valibot's default begins with "Invalid".
  const own = !issue.message.startsWith('Invalid ');
  const text = own ? issue.message : `expected ${issue.expected ?? 'another value'} but got ${issue.received}`;
  return { field, message: field === '' ? text : `${field}: ${text}` };
}

/**
 * Checks a value against a schema.
 * @throws {KcoreError} InvalidArgument that names the first wrong field; all are in `details.issues`.
 */
export function check<S extends v.GenericSchema>(schema: S, value: unknown): v.InferOutput<S> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  throw invalid(issuesOf(result.issues));
}

function invalid(issues: readonly Issue[]): KcoreError {
  const [first] = issues;
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : '';
  const details: ErrorDetails = { issues: issues.slice(0, 20), ...(first?.field ? { field: first.field } : {}) };
  return new KcoreError('InvalidArgument', `${first?.message ?? 'not valid'}${more}`, details);
}
