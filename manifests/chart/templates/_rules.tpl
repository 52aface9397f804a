{{/*
The permissions of a pass on workloads and on the ConfigMaps and Secrets that they reference. They include list
and watch on ConfigMaps or Secrets only if the settings need this. Otherwise, a pass reads each ConfigMap and Secret by its
name in a workload. The permissions cover all kinds of Kubernetes itself, with any value of the setting kinds, because
release must find workloads of kinds that were in the setting earlier. They also cover the kinds of other APIs in the setting.
*/}}
{{- define "wave-cron.rules" -}}
{{- $settings := include "wave-cron.settings" . | fromJson -}}
- apiGroups: [apps]
  resources: [deployments, statefulsets, daemonsets]
  verbs: [list, get, patch]
- apiGroups: [""]
  resources: [configmaps, secrets]
  verbs: [get]
{{- $byNamespace := eq $settings.optIn "namespace" }}
{{- if or (ne $settings.rollouts.namespaceAnnotations "off") (and $byNamespace $settings.namespaces) }}
# To read the annotations of namespaces that hold rollouts back or opt in workloads. In a Role, this rule only allows
# reading the Role's own namespace.
- apiGroups: [""]
  resources: [namespaces]
  verbs: [get]
{{- end }}
# To count recent rollouts (rollouts.limit and rollouts.cooldown) if another tool has removed their record, and to find
# the Pods of a Deployment.
- apiGroups: [apps]
  resources: [replicasets, controllerrevisions]
  verbs: [list]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- if or $settings.namespaceSelector (and $byNamespace (not $settings.namespaces)) }}
- apiGroups: [""]
  resources: [namespaces]
  verbs: [list]
{{- end }}
{{- $adoption := .Values.rbac.adoption }}
{{- $judgesPods := or (eq $settings.adoption "if-changed") (eq $settings.restart "if-stale") }}
{{- $readsMounts := has "SecretProviderClass" $settings.sourceKinds }}
{{- if $readsMounts }}
# For objects that the Secrets Store CSI driver mounts. These resources contain names and versions, but no values.
- apiGroups: [secrets-store.csi.x-k8s.io]
  resources: [secretproviderclasses]
  verbs: [get]
- apiGroups: [secrets-store.csi.x-k8s.io]
  resources: [secretproviderclasspodstatuses]
  verbs: [list]
{{- end }}
{{- if or $readsMounts (ternary $adoption $judgesPods (kindIs "bool" $adoption)) }}
# The cost: wave-cron can read the specs of all Pods, including the values of plain environment variables.
- apiGroups: [""]
  resources: [pods]
  verbs: [list]
{{- end }}
{{- if include "wave-cron.grantsOwnership" . }}
# RBAC grants whole objects. Only the admission policies limit this to owner references.
- apiGroups: [""]
  resources: [configmaps, secrets]
  verbs: [patch]
{{- if .Values.rbac.ownershipEnforced }}
- apiGroups: [""]
  resources: [configmaps, secrets]
  verbs: [delete]
{{- end }}
{{- end }}
{{- $watch := $settings.triggers.watch }}
{{- if has "Workload" $watch }}
- apiGroups: [apps]
  resources: [deployments, statefulsets, daemonsets]
  verbs: [watch]
{{- end }}
{{- if has "ConfigMap" $watch }}
- apiGroups: [""]
  resources: [configmaps]
  verbs: [list, watch]
{{- end }}
{{- range $kind, $resource := dict "ConfigMap" "configmaps" "Secret" "secrets" }}
{{- if and (has $kind $settings.namePatterns) (not (has $kind $watch)) }}
# The cost: with list, a thief of the token can read all of them with one request.
- apiGroups: [""]
  resources: [{{ $resource }}]
  verbs: [list]
{{- end }}
{{- end }}
{{- if has "Secret" $watch }}
# The cost: a thief of the token can read every Secret with one request.
- apiGroups: [""]
  resources: [secrets]
  verbs: [list, watch]
{{- end }}
{{- range include "wave-cron.customKinds" . | fromJsonArray }}
- apiGroups: [{{ .group }}]
  resources: [{{ .plural }}]
  verbs: [{{ ternary "list, get, patch, watch" "list, get, patch" (has "Workload" $watch) }}]
{{- end }}
{{- end -}}

{{/*
The kinds of other APIs in the setting kinds, as a JSON list. Only the cluster knows a plural for sure: this is the one
that kubectl assumes, and wave-cron check names the right one.
*/}}
{{- define "wave-cron.customKinds" -}}
{{- $settings := include "wave-cron.settings" . | fromJson -}}
{{- $found := list -}}
{{- range $settings.kinds -}}
{{- $parts := splitList "." . -}}
{{- if gt (len $parts) 2 -}}
{{- $singular := lower (first $parts) -}}
{{- $plural := printf "%ss" $singular -}}
{{- if hasSuffix "s" $singular -}}{{- $plural = printf "%ses" $singular -}}{{- end -}}
{{- if hasSuffix "y" $singular -}}{{- $plural = printf "%sies" (trimSuffix "y" $singular) -}}{{- end -}}
{{- $found = append $found (dict "kind" (first $parts) "group" (join "." (slice $parts 2)) "plural" $plural) -}}
{{- end -}}
{{- end -}}
{{- toJson $found -}}
{{- end -}}

{{/*
"true" if the permissions of ownership are granted, otherwise empty. A pass then adds each workload and the Namespace
kube-system as owners of the ConfigMaps and Secrets that the workload uses.
*/}}
{{- define "wave-cron.grantsOwnership" -}}
{{- $settings := include "wave-cron.settings" . | fromJson -}}
{{- $ownership := .Values.rbac.ownership -}}
{{- if ternary $ownership (ne $settings.ownership "off") (kindIs "bool" $ownership) }}true{{ end -}}
{{- end -}}

{{/* A role and its binding. They are cluster-scoped if namespace is empty. Takes root, namespace, name, rules. */}}
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
