{{/* Ends with everything that contradicts itself, at once, as wave-cron does with its settings. */}}
{{- define "wave-cron.check" -}}
{{- $settings := include "wave-cron.settings" . | fromJson -}}
{{- $problems := list -}}
{{- if not .Values.image.repository -}}
{{- $problems = append $problems "image.repository is not set: give the image of wave-cron in your registry, such as registry.example.com/wave-cron" -}}
{{- end -}}
{{- range $name, $instead := dict
  "schedule" "set schedule"
  "timeZone" "set timeZone"
  "shard" "set shards"
  "kubeconfig" "leave it out, since in a Pod its account counts"
  "context" "leave it out, since in a Pod its account counts" -}}
{{- if hasKey $.Values.settings $name -}}
{{- $problems = append $problems (printf "settings.%s is set, but in this chart it has another place: %s" $name $instead) -}}
{{- end -}}
{{- end -}}
{{- if eq .Values.kind "CronJob" -}}
{{- if hasKey .Values.settings "resyncInterval" -}}
{{- $problems = append $problems "settings.resyncInterval is set, but a CronJob of Kubernetes knows no intervals: leave it out and set schedule, such as */5 * * * * for 5m, or set kind: Deployment" -}}
{{- end -}}
{{- range $name := list "jitterSeconds" "listen" -}}
{{- if hasKey $.Values.settings $name -}}
{{- $problems = append $problems (printf "settings.%s is set, but with kind: CronJob it counts for nothing: leave it out, or set kind: Deployment" $name) -}}
{{- end -}}
{{- end -}}
{{- if .Values.metrics.podMonitor.create -}}
{{- $problems = append $problems "metrics.podMonitor.create is true, but with kind: CronJob nothing is there to be scraped: set settings.metricsPushUrl instead, or kind: Deployment" -}}
{{- end -}}
{{- if ne (len (splitList " " (regexReplaceAll "\\s+" (trim .Values.schedule) " "))) 5 -}}
{{- $problems = append $problems (printf "schedule is %q, but with kind: CronJob it has 5 fields: minute, hour, day of month, month, day of week; for less than a minute set kind: Deployment" .Values.schedule) -}}
{{- end -}}
{{- else if gt (int .Values.shards) 1 -}}
{{- $problems = append $problems (printf "shards is %v, but a Deployment has none: leave it out, or set kind: CronJob" .Values.shards) -}}
{{- end -}}
{{- if and (gt (int .Values.shards) 1) (not (semverCompare ">=1.29.0-0" .Capabilities.KubeVersion.Version)) -}}
{{- $problems = append $problems (printf "shards is %v, which needs Kubernetes 1.29 or newer, and this is %s: leave it out" .Values.shards .Capabilities.KubeVersion.Version) -}}
{{- end -}}
{{- if and (include "wave-cron.hasFence" .) (not (semverCompare ">=1.30.0-0" .Capabilities.KubeVersion.Version)) -}}
{{- $problems = append $problems (printf "the fence needs Kubernetes 1.30 or newer, and this is %s: set fence.enabled: false, and read docs/security.md" .Capabilities.KubeVersion.Version) -}}
{{- end -}}
{{- if .Values.namespaced -}}
{{- if $settings.namespaceSelector -}}
{{- $problems = append $problems "settings.namespaceSelector is set, but namespaced grants nothing that belongs to the whole cluster, and namespaces can only be listed there: name them in settings.namespaces" -}}
{{- end -}}
{{- if has "*" $settings.crossNamespaceReferences -}}
{{- $problems = append $problems "settings.crossNamespaceReferences is *, but namespaced grants nothing that belongs to the whole cluster: name the namespaces" -}}
{{- end -}}
{{- end -}}
{{- range .Values.extraEnv -}}
{{- if hasPrefix "WAVE_" .name -}}
{{- $problems = append $problems (printf "extraEnv names %s, which would be a setting that nothing else here follows: set it in settings" .name) -}}
{{- end -}}
{{- end -}}
{{- if $problems -}}
{{- fail (printf "\n\n  %s\n" (join "\n  " $problems)) -}}
{{- end -}}
{{- end -}}
