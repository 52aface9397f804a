{{- define "wave-cron.image" -}}
{{- $image := .Values.image -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $image.repository $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $image.repository ($image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{/* Labels and annotations of a Pod. The arguments are root, component and annotations, which is an object. */}}
{{- define "wave-cron.podMetadata" -}}
labels:
  {{- include "wave-cron.labels" .root | nindent 2 }}
  app.kubernetes.io/component: {{ .component }}
  {{- with .root.Values.podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with merge (deepCopy .root.Values.podAnnotations) (.annotations | default dict) }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/*
The Pod of each form. The arguments are root, args and restartPolicy, which may be empty. With serves: true, the Pod has a
port and probes. With passes: true, it has the files of notifications.
*/}}
{{- define "wave-cron.podSpec" -}}
serviceAccountName: {{ include "wave-cron.account" .root }}
automountServiceAccountToken: true
# With service links, a Service named wave-something would set variables WAVE_..., which are not settings.
enableServiceLinks: false
{{- with .restartPolicy }}
restartPolicy: {{ . }}
{{- end }}
# On SIGTERM, a pass starts no new write, finishes the writes in progress and releases the Lease.
terminationGracePeriodSeconds: 60
{{- with .root.Values.podSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
containers:
  - name: wave-cron
    image: {{ include "wave-cron.image" .root | quote }}
    {{- with .root.Values.image.pullPolicy }}
    imagePullPolicy: {{ . }}
    {{- end }}
    args: {{ toJson .args }}
    env:
      - name: WAVE_CONFIG
        value: /etc/wave-cron/settings.yaml
      # For the identity in the Lease.
      - name: POD_NAME
        valueFrom:
          fieldRef:
            fieldPath: metadata.name
      - name: POD_UID
        valueFrom:
          fieldRef:
            fieldPath: metadata.uid
      - name: POD_NAMESPACE
        valueFrom:
          fieldRef:
            fieldPath: metadata.namespace
      {{- if and .serves .root.Values.triggers.http.tokenSecret }}
      - name: WAVE_TRIGGERS_HTTP_TOKEN_FILE
        value: /etc/wave-cron-trigger/token
      {{- end }}
      {{- with .root.Values.extraEnv }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    {{- if .serves }}
    ports:
      # The port of the setting listen.
      - name: http
        containerPort: {{ include "wave-cron.port" .root }}
    # Fails if, for three periods, no pass completed or was skipped. A restart does not help while the API server is
    # unreachable. The kubelet forgets earlier restarts after ten minutes. This probe takes at least that long, so
    # the back-off between restarts does not grow.
    livenessProbe:
      httpGet:
        path: /healthz
        port: http
      periodSeconds: 30
      timeoutSeconds: 5
      failureThreshold: 20
    readinessProbe:
      httpGet:
        path: /readyz
        port: http
      periodSeconds: 10
      timeoutSeconds: 5
    {{- end }}
    volumeMounts:
      - name: settings
        mountPath: /etc/wave-cron
        readOnly: true
      {{- if and .serves .root.Values.triggers.http.tokenSecret }}
      # Without subPath: only then the kubelet updates the file when the Secret changes.
      - name: trigger
        mountPath: /etc/wave-cron-trigger
        readOnly: true
      {{- end }}
      {{- if and .passes .root.Values.notifications.secret }}
      # Without subPath too.
      - name: notifications
        mountPath: /etc/wave-cron-notifications
        readOnly: true
      {{- end }}
    {{- with .root.Values.resources }}
    # No CPU limit: with throttling, a pass would take longer and hold the Lease longer.
    resources:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- with .root.Values.securityContext }}
    securityContext:
      {{- toYaml . | nindent 6 }}
    {{- end }}
{{- with .root.Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if .serves }}
{{- with .root.Values.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
volumes:
  - name: settings
    configMap:
      name: {{ include "wave-cron.fullname" .root }}-settings
  {{- if .serves }}
  {{- with .root.Values.triggers.http.tokenSecret }}
  - name: trigger
    secret:
      secretName: {{ . }}
      items:
        - key: token
          path: token
  {{- end }}
  {{- end }}
  {{- if .passes }}
  {{- with .root.Values.notifications.secret }}
  - name: notifications
    secret:
      secretName: {{ . }}
  {{- end }}
  {{- end }}
{{- end -}}
