{{/*
What a pass does to workloads and to what they reference. Nothing here can list or watch a ConfigMap or a
Secret: they are read one by one, by the names that workloads give. All kinds of workloads, whatever the
setting kinds says: release has to find what was marked when it was another.
*/}}
{{- define "wave-cron.rules" -}}
{{- $settings := include "wave-cron.settings" . | fromJson -}}
- apiGroups: [apps]
  resources: [deployments, statefulsets, daemonsets]
  verbs: [list, get, patch]
- apiGroups: [""]
  resources: [configmaps, secrets]
  verbs: [get]
# How often a workload was rolled whose record of that another tool has removed (rollouts.limit), and which Pods
# are those of a Deployment.
- apiGroups: [apps]
  resources: [replicasets, controllerrevisions]
  verbs: [list]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- if $settings.namespaceSelector }}
- apiGroups: [""]
  resources: [namespaces]
  verbs: [list]
{{- end }}
{{- $adoption := .Values.rbac.adoption }}
{{- $judgesPods := or (eq $settings.adoption "if-changed") (eq $settings.restart "if-stale") }}
{{- if ternary $adoption $judgesPods (kindIs "bool" $adoption) }}
# What it costs: the specs of all Pods can be read, with the values of plain environment variables.
- apiGroups: [""]
  resources: [pods]
  verbs: [list]
{{- end }}
{{- if include "wave-cron.grantsOwnership" . }}
# RBAC knows no parts of an object: it is the fence that keeps this to owner references.
- apiGroups: [""]
  resources: [configmaps, secrets]
  verbs: [patch]
{{- if .Values.rbac.ownershipEnforced }}
- apiGroups: [""]
  resources: [configmaps, secrets]
  verbs: [delete]
{{- end }}
{{- end }}
{{- end -}}

{{/*
Whether what ownership needs is granted: "true" or nothing. With it a pass makes each workload, and the
Namespace kube-system, an owner of the ConfigMaps and Secrets that it uses.
*/}}
{{- define "wave-cron.grantsOwnership" -}}
{{- $settings := include "wave-cron.settings" . | fromJson -}}
{{- $ownership := .Values.rbac.ownership -}}
{{- if ternary $ownership (ne $settings.ownership "off") (kindIs "bool" $ownership) }}true{{ end -}}
{{- end -}}

{{/* A role and its binding, for the whole cluster where namespace is empty. Takes root, namespace, name, rules. */}}
{{- define "wave-cron.role" -}}
{{- $kind := ternary "Role" "ClusterRole" (not (empty .namespace)) }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $kind }}
metadata:
  name: {{ .name }}
  {{- with .namespace }}
  namespace: {{ . }}
  {{- end }}
  labels:
    {{- include "wave-cron.labels" .root | nindent 4 }}
rules:
  {{- .rules | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $kind }}Binding
metadata:
  name: {{ .name }}
  {{- with .namespace }}
  namespace: {{ . }}
  {{- end }}
  labels:
    {{- include "wave-cron.labels" .root | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ $kind }}
  name: {{ .name }}
{{ include "wave-cron.subjects" .root }}
{{- end -}}
