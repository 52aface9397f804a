{{/*
The settings file, as an object of the values that are set. A YAML 1.1 parser such as Helm's reads off as false and on
as true. wave-cron rejects on, with the valid values.
*/}}
{{- define "wave-cron.settingsFile" -}}
{{- $file := deepCopy .Values.settings -}}
{{- if kindIs "bool" $file.ownership -}}
{{- $_ := set $file "ownership" (ternary "on" "off" $file.ownership) -}}
{{- end -}}
{{- if kindIs "bool" (dig "rollouts" "namespaceAnnotations" "" $file) -}}
{{- $_ := set $file.rollouts "namespaceAnnotations" (ternary "on" "off" $file.rollouts.namespaceAnnotations) -}}
{{- end -}}
{{- if and .Values.namespaced (not $file.namespaces) -}}
{{- $_ := set $file "namespaces" (list .Release.Namespace) -}}
{{- end -}}
{{- if gt (int .Values.shards) 1 -}}
{{- $_ := set $file "shard" (dict "count" (int .Values.shards)) -}}
{{- end -}}
{{- $scheduled := and (eq .Values.kind "Deployment") (not $file.resyncInterval) -}}
{{- if $scheduled -}}
{{- $_ := set $file "schedule" .Values.schedule -}}
{{- end -}}
{{- if or $scheduled (ne .Values.timeZone "Etc/UTC") -}}
{{- $_ := set $file "timeZone" .Values.timeZone -}}
{{- end -}}
{{- toJson $file -}}
{{- end -}}

{{/*
All settings with their defaults, as JSON. setting-defaults.json and values.schema.json are generated from wave-cron's
own schema.
*/}}
{{- define "wave-cron.settings" -}}
{{- $defaults := .Files.Get "setting-defaults.json" | fromJson -}}
{{- mergeOverwrite $defaults (include "wave-cron.settingsFile" . | fromJson) | toJson -}}
{{- end -}}

{{/* "true" if the chart creates the admission policies, otherwise empty. */}}
{{- define "wave-cron.hasAdmissionPolicies" -}}
{{- if kindIs "bool" .Values.admissionPolicies.enabled }}{{ if .Values.admissionPolicies.enabled }}true{{ end }}
{{- else if not .Values.namespaced }}true{{ end -}}
{{- end -}}

{{/* The deadline of a Job is the sum of passTimeoutSeconds, the wait for a dead holder of the Lease, the grace period, and
some time to start. */}}
{{- define "wave-cron.deadline" -}}
{{- $settings := include "wave-cron.settings" . | fromJson -}}
{{- add (int $settings.passTimeoutSeconds) (mul 2 (int $settings.lease.durationSeconds)) 90 -}}
{{- end -}}

{{/* The number of seconds for which release keeps the Lease. Passes wait for a Lease for half of passTimeoutSeconds. */}}
{{- define "wave-cron.keepLease" -}}
{{- $settings := include "wave-cron.settings" . | fromJson -}}
{{- min 150 (div (int $settings.passTimeoutSeconds) 2) -}}
{{- end -}}

{{- define "wave-cron.port" -}}
{{- $settings := include "wave-cron.settings" . | fromJson -}}
{{- regexFind "[0-9]+$" $settings.listen -}}
{{- end -}}
