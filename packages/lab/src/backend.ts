import type { MethodName, Params, Result } from '@kcore/contract';

/** Paths of a cluster's PEM files. Keys are 0600. */
export interface ClusterFiles {
  readonly name: string;
  readonly directory: string;
  readonly ca: string;
  readonly caKey: string;
  readonly controllerCert: string;
  readonly controllerKey: string;
  readonly adminCert: string;
  readonly adminKey: string;
}

/**
 * The certificate authority of a lab. kctl imports the lab, not the other way round, so kctl hands this in: a cluster in
 * a lab is formed by the same code as any other.
 */
export interface LabPki {
  /** `hosts`: IP addresses and DNS names the controller's certificate must carry. */
  createCluster(
    directory: string,
    options: { readonly name: string; readonly hosts: readonly string[] },
  ): Promise<ClusterFiles>;
  openCluster(directory: string): Promise<ClusterFiles>;
  /** Writes the node's pair below `directory` and names the two files. */
  issueNode(directory: string, node: string): Promise<{ readonly cert: string; readonly key: string }>;
}

/**
 * One call on a lab's controller as its administrator; also handed in by kctl. `controller` is `unix:<path>`.
 * Rejects with a KcoreError, `Unavailable` while nobody listens there.
 */
export type LabCall = <M extends MethodName>(
  controller: string,
  files: ClusterFiles,
  method: M,
  params: Params<M>,
) => Promise<Result<M>>;

/** What the lab needs of kctl. */
export interface LabBackend {
  readonly pki: LabPki;
  readonly call: LabCall;
}

/** One step of what a lab command does, for people who watch. */
export interface LabStep {
  readonly text: string;
  readonly state: 'start' | 'done' | 'failed';
  readonly detail?: string;
}

export type LabProgress = (step: LabStep) => void;

/** Does a step and tells how it went. */
export async function step<T>(progress: LabProgress | undefined, text: string, work: () => Promise<T>): Promise<T> {
  progress?.({ text, state: 'start' });
  try {
    const result = await work();
    progress?.({ text, state: 'done' });
    return result;
  } catch (error) {
    progress?.({ text, state: 'failed', detail: error instanceof Error ? error.message : String(error) });
    throw error;
  }
}
