#!/usr/bin/env bash
# Runs one measure of one system: bench/run.sh MEASURE SYSTEM [harness options…], one JSON line per repeat.
#   MEASURE  start | memory | latency | flood | flood-say | match | hook-latency | hook-flood | kill | outage,
#            or disk, which measures the folder of the runs and takes `machine` as SYSTEM
#   SYSTEM   a folder of peers/, or the path of an executable that keeps to the contract in README.md
# Environment: BENCH_HOME (peers, built harness, payloads), REPEAT (3), HOOK_PATH, WEBHOOK_SECRET,
#   BENCH_TMP (where state goes; default the system's folder for such)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
BENCH_HOME=$(realpath -m "${BENCH_HOME:-$here/../target/bench}")
export BENCH_HOME
[ $# -ge 2 ] || { sed -n '2,7s/^# //p' "$0" >&2; exit 2; }
measure=$1 system=$2
shift 2
if [ -d "$here/peers/$system" ]; then
  program=$here/peers/$system/run name=$system
else
  program=$system name=$(basename "$system")
fi
hook=${HOOK_PATH:-/github} flood=20000 hooks=10000 waits=1000
case $name in
  opsdroid) hook=/skill/bench/github ;;
  limnoria) hook=/github/ hooks=2000 waits=20 ;; # it takes one second an event
  floor) flood=200000 hooks=40000 ;;
  wilco*) hook=/hooks/github flood=200000 hooks=40000 ;;
esac
ircd=$here/ircd.sh
case $measure in
  disk) set -- disk "$@" ;;
  start) set -- start --idle 0 --idle-cpu 0 --settle-ms 300 "$@"; ircd=$here/ircd-ngircd.sh ;;
  memory) set -- start --idle 10 --idle-cpu 5 --as memory "$@"; ircd=$here/ircd-ngircd.sh ;;
  latency) set -- latency --count 2000 "$@" ;;
  flood) set -- flood --count $flood --clients 4 "$@" ;;
  flood-say) set -- flood --count $flood --clients 4 --order say --as flood-say "$@" ;;
  match) set -- match --listeners 10 --seconds 2 "$@" ;;
  hook-latency) set -- hook-latency --count $waits "$@" ;;
  hook-flood) set -- hook-flood --count $hooks --connections 16 "$@" ;;
  kill) set -- kill "$@" ;;
  outage) set -- outage "$@"; ircd=$here/ircd-ngircd.sh ;;
  *) echo "unknown measure $measure" >&2; exit 2 ;;
esac
exec "$BENCH_HOME/target/release/harness" "$@" --name "$name" --repeat "${REPEAT:-3}" \
  --ircd "$ircd" --sut "$program" --payloads "$BENCH_HOME/payloads" --hook-path "$hook" \
  ${WEBHOOK_SECRET:+--secret "$WEBHOOK_SECRET"} ${BENCH_TMP:+--tmp "$BENCH_TMP"}
