# Kafka: one broker that is its own KRaft controller, loopback only.

kafka_address() { echo "127.0.0.1:$(port kafka)"; }

KAFKA_JAVA=(java -XX:+UseSerialGC "-Dlog4j2.configurationFile=$WEIR_ROOT/deploy/kafka/log4j2.xml"
  -cp "$WEIR_PARTS/kafka/libs/*")

# Of 16 random bytes, read from standard input. One that begins with a dash would be taken for an option.
kafka_cluster_id() { head -c 16 | base64 | tr '+/' 'xy' | cut -c1-22; }

# A broker's folder counts when the mark is there, which is set after it was formatted.
kafka_format() {
  local folder=$1 properties=$2
  [[ -e $folder.formatted ]] && return
  rm -rf "$folder"
  mkdir -p "$folder"
  quietly kafka-format "${KAFKA_JAVA[@]}" -Xmx256m kafka.tools.StorageTool format \
    --cluster-id "$(kafka_cluster_id </dev/urandom)" --config "$properties"
  touch "$folder.formatted"
}

kafka_start() {
  local folder=$WEIR_HOME/kafka/data properties=$WEIR_ETC/kafka.properties broker controller
  broker=$(port kafka) controller=$(port kafka.controller)
  step "Kafka on 127.0.0.1:$broker"
  mkdir -p "$WEIR_HOME/kafka"
  sed -e "s|@BROKER@|$broker|; s|@CONTROLLER@|$controller|; s|@FOLDER@|$folder|" \
    "$WEIR_ROOT/deploy/kafka/server.properties" >"$properties"
  kafka_format "$folder" "$properties"
  launch kafka "$(sha256sum <"$properties")" \
    "${KAFKA_JAVA[@]}" -Xms128m -Xmx512m kafka.Kafka "$properties"
  ready kafka 120 kafka_answers
}

kafka_answers() { kcat -b "$(kafka_address)" -L -m 2 2>/dev/null | grep -q ' broker '; }

kafka_stop() { halt kafka; }
