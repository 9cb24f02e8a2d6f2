export type { ClusterFiles, LabBackend, LabCall, LabPki, LabProgress, LabStep } from './backend.ts';
export { labDown } from './down.ts';
export { OUTSIDE_ADDRESS } from './names.ts';
export { type LabNodeAction, type LabNodeOptions, labNode } from './node.ts';
export { labNames } from './state-directory.ts';
export { type LabNodeStatus, type LabStatus, labStatus } from './status.ts';
export { type LabUpOptions, labUp } from './up.ts';
