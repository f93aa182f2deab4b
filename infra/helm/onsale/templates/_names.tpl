{{/* The name of one part: of `waiting_room` it is onsale-waiting-room. */}}
{{- define "onsale.part" -}}
{{ .release }}-{{ .part | replace "_" "-" }}
{{- end }}

{{- define "onsale.labels" -}}
app.kubernetes.io/name: onsale
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part | replace "_" "-" }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{/* Operators hand labels on to their pods, which the policies for our own must not take for ours. */}}
{{- define "onsale.operatorLabels" -}}
onsale/part: {{ .part }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{- define "onsale.selector" -}}
app.kubernetes.io/name: onsale
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part | replace "_" "-" }}
{{- end }}

{{- define "onsale.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}{{ .repository }}@{{ .digest }}{{- else -}}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{- end -}}
{{- end -}}
{{- end }}

{{/* What the rest of a connection URL says: whether the server is who it says it is. */}}
{{- define "onsale.postgresOptions" -}}
sslmode={{ .Values.postgres.sslmode }}{{ if hasPrefix "verify" .Values.postgres.sslmode }}&sslrootcert=/etc/onsale-postgres/{{ .Values.postgres.authority.key }}{{ end }}
{{- end }}

{{/* ONSALE_POSTGRES_CLUSTERS, for rooms without a user; with `superusers` as provisioning has them. */}}
{{- define "onsale.postgresClusters" -}}
{{- range $at, $cluster := .root.Values.postgres.clusters -}}
{{- if $at }} {{ end -}}
{{ $cluster.partitions }}=postgresql://{{ if $.superusers }}{{ $cluster.superuser.name }}:$(SUPERUSER_PASSWORD_{{ $at }})@{{ end }}{{ $cluster.host }}:{{ $cluster.port }}/{{ $cluster.database }}?{{ include "onsale.postgresOptions" $.root }}
{{- end -}}
{{- end }}

{{/* Nothing is written, nothing is gained, and nobody is root. */}}
{{- define "onsale.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "onsale.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* Settings that every room has. A room's URL of Postgres has no user: it signs in as its own role. */}}
{{- define "onsale.environment" -}}
- name: ONSALE_SECRET
  valueFrom: {secretKeyRef: {name: {{ .Values.secret.name }}, key: {{ .Values.secret.key }}}}
- name: ONSALE_KAFKA_BOOTSTRAP
  value: {{ .Values.kafka.bootstrap | quote }}
- name: ONSALE_TOPIC_PREFIX
  value: {{ .Values.kafka.topicPrefix | quote }}
- name: ONSALE_PARTITIONS
  value: {{ .Values.kafka.partitions | quote }}
- name: ONSALE_REDIS_URL
{{- if .Values.redis.urlSecret.name }}
  valueFrom: {secretKeyRef: {name: {{ .Values.redis.urlSecret.name }}, key: {{ .Values.redis.urlSecret.key }}}}
{{- else }}
  value: {{ .Values.redis.url | quote }}
{{- end }}
- name: ONSALE_REDIS_PREFIX
  value: {{ .Values.redis.prefix | quote }}
- name: ONSALE_PUBLIC_URL
  value: {{ .Values.publicUrl | quote }}
- name: ONSALE_TRUSTED_PROXIES
  value: {{ .Values.trustedProxies | quote }}
{{- range $name, $value := .Values.settings }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- range $name, $from := .Values.secretSettings }}
- name: {{ $name }}
  valueFrom: {secretKeyRef: {name: {{ $from.name }}, key: {{ $from.key }}}}
{{- end }}
{{- end }}

{{- define "onsale.volumes" -}}
- name: tmp
  emptyDir: {sizeLimit: 64Mi}
{{- if hasPrefix "verify" .Values.postgres.sslmode }}
- name: postgres-authority
  secret:
    secretName: {{ .Values.postgres.authority.secret }}
    items: [{key: {{ .Values.postgres.authority.key }}, path: {{ .Values.postgres.authority.key }}}]
{{- end }}
{{- end }}

{{- define "onsale.mounts" -}}
- {name: tmp, mountPath: /tmp}
{{- if hasPrefix "verify" .Values.postgres.sslmode }}
- {name: postgres-authority, mountPath: /etc/onsale-postgres, readOnly: true}
{{- end }}
{{- end }}
