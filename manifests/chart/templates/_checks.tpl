{{/* Fails with all contradictions at once, as wave-cron does for its settings. */}}
{{- define "wave-cron.check" -}}
{{- $settings := include "wave-cron.settings" . | fromJson -}}
{{- $problems := list -}}
{{- if not .Values.image.repository -}}
{{- $problems = append $problems "image.repository is required: the image of wave-cron in your registry, such as registry.example.com/wave-cron" -}}
{{- end -}}
{{- range $name, $instead := dict
  "schedule" "set schedule"
  "timeZone" "set timeZone"
  "shard" "set shards"
  "kubeconfig" "remove it, because a Pod uses its ServiceAccount"
  "context" "remove it, because a Pod uses its ServiceAccount" -}}
{{- if hasKey $.Values.settings $name -}}
{{- $problems = append $problems (printf "settings.%s is not supported in this chart: %s" $name $instead) -}}
{{- end -}}
{{- end -}}
{{- if dig "triggers" "http" "tokenFile" "" .Values.settings -}}
{{- $problems = append $problems "settings.triggers.http.tokenFile is not supported in this chart: set triggers.http.tokenSecret" -}}
{{- end -}}
{{- if not .Values.notifications.secret -}}
{{- range $index, $sink := $settings.notifications -}}
{{- range $name := list "urlFile" "secretFile" "caFile" -}}
{{- if hasPrefix "/etc/wave-cron-notifications/" (get $sink $name) -}}
{{- $problems = append $problems (printf "settings.notifications[%d].%s is %s, but notifications.secret is empty: set it to the name of the Secret with this file" $index $name (get $sink $name)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if eq .Values.kind "CronJob" -}}
{{- if dig "triggers" "watch" list .Values.settings -}}
{{- $problems = append $problems "settings.triggers.watch has no effect with kind: CronJob, because no Pod watches between passes: remove it, or set kind: Deployment" -}}
{{- end -}}
{{- if .Values.triggers.http.tokenSecret -}}
{{- $problems = append $problems "triggers.http.tokenSecret has no effect with kind: CronJob, because no Pod listens between passes: remove it, or set kind: Deployment" -}}
{{- end -}}
{{- if hasKey .Values.settings "resyncInterval" -}}
{{- $problems = append $problems "settings.resyncInterval is not supported with kind: CronJob: set schedule instead, such as */5 * * * * for 5m, or set kind: Deployment" -}}
{{- end -}}
{{- range $name := list "jitterSeconds" "listen" -}}
{{- if hasKey $.Values.settings $name -}}
{{- $problems = append $problems (printf "settings.%s has no effect with kind: CronJob: remove it, or set kind: Deployment" $name) -}}
{{- end -}}
{{- end -}}
{{- if .Values.metrics.podMonitor.create -}}
{{- $problems = append $problems "metrics.podMonitor.create is true, but Prometheus cannot scrape a CronJob: set settings.metricsPushUrl instead, or kind: Deployment" -}}
{{- end -}}
{{- if ne (len (splitList " " (regexReplaceAll "\\s+" (trim .Values.schedule) " "))) 5 -}}
{{- $problems = append $problems (printf "schedule is %q, but with kind: CronJob it must have 5 fields: minute, hour, day of month, month, day of week; for intervals below a minute set kind: Deployment" .Values.schedule) -}}
{{- end -}}
{{- else if gt (int .Values.shards) 1 -}}
{{- $problems = append $problems (printf "shards is %v, but a Deployment does not support shards: remove it, or set kind: CronJob" .Values.shards) -}}
{{- end -}}
{{- if and (gt (int .Values.shards) 1) (not (semverCompare ">=1.29.0-0" .Capabilities.KubeVersion.Version)) -}}
{{- $problems = append $problems (printf "shards is %v, but that needs Kubernetes 1.29 or newer, and this is %s: remove it" .Values.shards .Capabilities.KubeVersion.Version) -}}
{{- end -}}
{{- if and (include "wave-cron.hasAdmissionPolicies" .) (not (semverCompare ">=1.30.0-0" .Capabilities.KubeVersion.Version)) -}}
{{- $problems = append $problems (printf "the admission policies need Kubernetes 1.30 or newer, and this is %s: set admissionPolicies.enabled: false, and read docs/security.md" .Capabilities.KubeVersion.Version) -}}
{{- end -}}
{{- if .Values.namespaced -}}
{{- if $settings.namespaceSelector -}}
{{- $problems = append $problems "settings.namespaceSelector needs a cluster-scoped permission, but namespaced is true: use settings.namespaces instead" -}}
{{- end -}}
{{- if has "*" $settings.crossNamespaceReferences -}}
{{- $problems = append $problems "settings.crossNamespaceReferences is *, which needs cluster-scoped permissions, but namespaced is true: name the namespaces" -}}
{{- end -}}
{{- end -}}
{{- range .Values.extraEnv -}}
{{- if hasPrefix "WAVE_" .name -}}
{{- $problems = append $problems (printf "extraEnv contains %s, but the rest of the chart does not follow variables: use settings instead" .name) -}}
{{- end -}}
{{- end -}}
{{- if $problems -}}
{{- fail (printf "\n\n  %s\n" (join "\n  " $problems)) -}}
{{- end -}}
{{- end -}}
