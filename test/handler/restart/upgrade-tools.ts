/** Tools that upgrade an application. Each of them applies the workload and its ConfigMap. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Fields } from '../../../tools/control-plane/api.ts';
import { kubectl } from '../../../tools/control-plane/testing.ts';
import { faultProxy } from '../../faults/fault-proxy.ts';
import { late } from '../../faults/faults.ts';
import { runHelm, valuesFile } from '../../manifests/chart/helm.ts';
import { overlay } from '../../manifests/kustomize.ts';
import { type App, nextSecond, podSpec, template, workload } from './app.ts';

/** Applies the configuration of an upgrade. The first call installs the application. */
export type Upgrade = (app: App, level: string, kubeconfig: string) => Promise<unknown>;

const folder = mkdtempSync(join(tmpdir(), 'wave-cron-upgrades-'));
process.once('exit', () => rmSync(folder, { recursive: true }));

const settings = (level: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'settings' },
  data: { level },
});

/** The manifest of the workload, without a namespace. */
function web({ kind, agent }: App, podAnnotations: Record<string, string> = {}): Fields {
  const options = kind === 'DaemonSet' ? { toleration: agent.toleration } : {};
  const pods = template(podAnnotations, podSpec('settings', options));
  const { metadata, ...rest } = workload(kind, '', { template: pods });
  const { namespace: _, ...named } = metadata;
  return { ...rest, metadata: named };
}

export const helmChart: Upgrade = async (app, level, kubeconfig) => {
  const chart = join(folder, app.namespace);
  mkdirSync(join(chart, 'templates'), { recursive: true });
  const write = (name: string, text: string) => writeFileSync(join(chart, name), text);
  write('Chart.yaml', 'apiVersion: v2\nname: app\nversion: 1.0.0\n');
  const ofValues = JSON.stringify(settings('LEVEL')).replace(
    '"LEVEL"',
    '{{ .Values.level | quote }}',
  );
  write('templates/settings.yaml', ofValues);
  const checksum = '{{ include (print $.Template.BasePath "/settings.yaml") . | sha256sum }}';
  const text = JSON.stringify(web(app, { checksum: 'CHECKSUM' })).replace('CHECKSUM', checksum);
  write('templates/web.yaml', text);
  const args = ['upgrade', '--install', 'app', chart, '--namespace', app.namespace];
  await runHelm([...args, ...valuesFile({ level })], kubeconfig);
};

const generatedNames: Upgrade = async (app, level, kubeconfig) => {
  const made = overlay(
    {
      resources: ['web.yaml'],
      namespace: app.namespace,
      configMapGenerator: [{ name: 'settings', literals: [`level=${level}`] }],
    },
    { 'web.yaml': JSON.stringify(web(app)) },
  );
  await kubectl(['apply', '-k', made], kubeconfig);
};

const plainManifest: Upgrade = async (app, level, kubeconfig) => {
  const file = join(folder, `${app.namespace}.json`);
  const items = [settings(level), web(app)];
  writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  await kubectl(['apply', '--namespace', app.namespace, '-f', file], kubeconfig);
};

export const tools: Readonly<Record<string, Upgrade>> = {
  'a Helm chart with a checksum annotation': helmChart,
  'a kustomize overlay with generated names': generatedNames,
  'a plain manifest': plainManifest,
};

/**
 * A kubeconfig for a tool. With it, the workload is always written in a later second than its configuration,
 * because times of the API server are whole seconds.
 */
export async function slowKubeconfig(t: TestContext): Promise<string> {
  // With TLS, kubectl would ask for a user name, because the kubeconfig has no credentials.
  const proxy = await faultProxy(t, { tls: false });
  proxy.on('PATCH', /\/(deployments|statefulsets|daemonsets)\/web/, async (exchange) => {
    await nextSecond();
    await late(0)(exchange);
  });
  return proxy.kubeconfig();
}
