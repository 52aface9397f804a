{{- define "wave-cron.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* The name of all objects. The name of a CronJob may have at most 52 characters. */}}
{{- define "wave-cron.fullname" -}}
{{- $name := .Values.nameOverride | default .Chart.Name -}}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- .Values.fullnameOverride | default $full | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{- define "wave-cron.account" -}}
{{- .Values.serviceAccount.name | default (ternary (include "wave-cron.fullname" .) "default" .Values.serviceAccount.create) -}}
{{- end -}}

{{- define "wave-cron.selectorLabels" -}}
app.kubernetes.io/name: {{ include "wave-cron.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "wave-cron.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 }}
{{ include "wave-cron.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: wave-cron
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{/* The subjects of all bindings. */}}
{{- define "wave-cron.subjects" -}}
subjects:
  - kind: ServiceAccount
    name: {{ include "wave-cron.account" . }}
    namespace: {{ .Release.Namespace }}
{{- end -}}
