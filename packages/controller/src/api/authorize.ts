import { describeIdentity, type Identity, KcoreError, type MethodName, methods } from '@kcore/contract';

/**
 * the method table says who may call what; everything else is refused. What the controller calls is served by agents, on
 * the connection that they dialled and whose far end showed the controller's certificate; nobody may call it here.
 * @throws {KcoreError} PermissionDenied
 */
export function authorize(identity: Identity, method: MethodName): void {
  const { caller } = methods[method];
  if (identity.kind === caller) return;
  throw new KcoreError('PermissionDenied', `${describeIdentity(identity)} may not call ${method}`, {
    remedy: caller === 'admin' ? "use an admin's certificate" : "use the node's certificate",
  });
}

/** A node speaks for itself only. @throws {KcoreError} PermissionDenied */
export function authorizeNode(identity: Identity, node: string): void {
  if (identity.kind === 'node' && identity.name === node) return;
  throw new KcoreError('PermissionDenied', `${describeIdentity(identity)} may not speak for node '${node}'`, {
    remedy: 'give each node its own certificate, of its own name',
  });
}
