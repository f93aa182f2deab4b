#!/bin/bash
# server.properties from KAFKA_* (KAFKA_NODE_ID is node.id), a formatted log at the first start, then the broker.
set -euo pipefail
export KAFKA_LOG_DIRS=${KAFKA_LOG_DIRS:-/var/lib/kafka/data}
if [ "$(id -u)" = 0 ]; then
    chown kafka "$KAFKA_LOG_DIRS"
    exec setpriv --reuid=kafka --regid=kafka --init-groups "$0" "$@"
fi
properties=$(mktemp)
env | while IFS='=' read -r name value; do
    case $name in KAFKA_*) name=${name#KAFKA_}; name=${name,,}; echo "${name//_/.}=$value" ;; esac
done > "$properties"
quiet=(-Dorg.slf4j.simpleLogger.defaultLogLevel=warn -Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info)
java=(java -Xms256m -Xmx768m -XX:+UseSerialGC "${quiet[@]}" -cp '/opt/kafka/*')
"${java[@]}" kafka.tools.StorageTool format --ignore-formatted \
    --cluster-id="$("${java[@]}" kafka.tools.StorageTool random-uuid)" --config="$properties"
exec "${java[@]}" "$@" "$properties"
