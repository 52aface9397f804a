/** Decides which Pods of a walk never become Ready, by their data. */
import type { NodeAgentOptions } from '../../../tools/node-agent/node-agent.ts';
import { sourceValue } from './model.ts';
import { badValue } from './names.ts';

type CrashesWith = NonNullable<NodeAgentOptions['crashesWith']>;

type Named = { name?: string };
type Env = { valueFrom?: { configMapKeyRef?: Named; secretKeyRef?: Named } };
type EnvFrom = { configMapRef?: Named; secretRef?: Named };

/** Whether a Pod has the bad value in a variable. */
export const crashes: CrashesWith = ({ spec }, sources) =>
  spec.containers.some(({ env = [], envFrom = [] }) => {
    const refs = [
      ...(env as Env[]).flatMap(({ valueFrom = {} }) => [
        ['ConfigMap', valueFrom.configMapKeyRef?.name] as const,
        ['Secret', valueFrom.secretKeyRef?.name] as const,
      ]),
      ...(envFrom as EnvFrom[]).flatMap(({ configMapRef, secretRef }) => [
        ['ConfigMap', configMapRef?.name] as const,
        ['Secret', secretRef?.name] as const,
      ]),
    ];
    return refs.some(([kind, name]) => {
      const value = sources.get(`${kind}/${name}`)?.get('x')?.toString();
      return value !== undefined && value === sourceValue(kind, badValue);
    });
  });
