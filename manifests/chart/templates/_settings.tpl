{{/*
The settings file, as an object of what is set. A reader of YAML 1.1, such as Helm's, takes off for false,
and on, which is no value any more, for true.
*/}}
{{- define "wave-cron.settingsFile" -}}
{{- $file := deepCopy .Values.settings -}}
{{- if kindIs "bool" $file.ownership -}}
{{- $_ := set $file "ownership" (ternary "on" "off" $file.ownership) -}}
{{- end -}}
{{- if and .Values.namespaced (not $file.namespaces) -}}
{{- $_ := set $file "namespaces" (list .Release.Namespace) -}}
{{- end -}}
{{- if gt (int .Values.shards) 1 -}}
{{- $_ := set $file "shard" (dict "count" (int .Values.shards)) -}}
{{- end -}}
{{- if eq .Values.kind "Deployment" -}}
{{- if not $file.resyncInterval -}}
{{- $_ := set $file "timeZone" .Values.timeZone -}}
{{- $_ := set $file "schedule" .Values.schedule -}}
{{- end -}}
{{- end -}}
{{- toJson $file -}}
{{- end -}}

{{/*
All settings with their defaults, as JSON. The file of defaults is made from wave-cron's own schema, as
values.schema.json is.
*/}}
{{- define "wave-cron.settings" -}}
{{- $defaults := .Files.Get "setting-defaults.json" | fromJson -}}
{{- mergeOverwrite $defaults (include "wave-cron.settingsFile" . | fromJson) | toJson -}}
{{- end -}}

{{/* Whether there is a fence: "true" or nothing. */}}
{{- define "wave-cron.hasFence" -}}
{{- if kindIs "bool" .Values.fence.enabled }}{{ if .Values.fence.enabled }}true{{ end }}
{{- else if not .Values.namespaced }}true{{ end -}}
{{- end -}}

{{/* How long after its start a Pod of a pass is given up: passTimeoutSeconds, the wait for a dead holder of
the lease, the grace period, and some time to start. */}}
{{- define "wave-cron.deadline" -}}
{{- $settings := include "wave-cron.settings" . | fromJson -}}
{{- add (int $settings.passTimeoutSeconds) (mul 2 (int $settings.lease.durationSeconds)) 90 -}}
{{- end -}}

{{/* For how many seconds a released Lease may be left held: passes wait half of passTimeoutSeconds. */}}
{{- define "wave-cron.keepLease" -}}
{{- $settings := include "wave-cron.settings" . | fromJson -}}
{{- min 150 (div (int $settings.passTimeoutSeconds) 2) -}}
{{- end -}}

{{- define "wave-cron.port" -}}
{{- $settings := include "wave-cron.settings" . | fromJson -}}
{{- regexFind "[0-9]+$" $settings.listen -}}
{{- end -}}
