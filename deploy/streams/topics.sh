#!/bin/bash
# Makes the topics of docs/streams.md where they are missing, by the tools of Kafka's own image. Safe to run again; topics
# that are there are left as they are.
#   topics.sh [HOST:PORT] [further options of kafka-topics.sh, such as --command-config FILE]
# PARTITIONS (6) says how many members can share the work, REPLICAS (1) how many brokers keep each record.
set -euo pipefail

broker=${1:-localhost:9092}
shift || true

topic() { # NAME CONFIG...
  local name=$1
  shift
  /opt/kafka/bin/kafka-topics.sh --bootstrap-server "$broker" "${options[@]}" --create --if-not-exists --topic "$name" \
    --partitions "${PARTITIONS:-6}" --replication-factor "${REPLICAS:-1}" "${@/#/--config=}"
}

options=("$@")
topic churn.customers
topic churn.outcomes
topic churn.predictions cleanup.policy=compact
topic churn.refused
