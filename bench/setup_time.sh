#!/bin/sh
# bench/setup_time.sh: how long set-up and start take on this machine, from a clean clone.
#
# Clones the project into a temporary folder and prints one line per measurement, in seconds:
#   environment, nothing cached   bin/manage check, with empty caches of pip and uv
#   environment, cached           the same in a second clone, with the caches the first has filled
#   bin/manage, warm              the same command again
#   bin/demo, first start         until the address is printed: database, demo data, styles, servers
#   bin/demo, second start        the same with its data there
#   bin/demo, stop                from Ctrl-C until nothing runs any more
# Debian packages are not part of it: install them first (docs/setup.md names them). Needs git.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd -P)
scratch=$(mktemp -d)
demo=
trap '[ -z "$demo" ] || kill -INT "$demo" 2>/dev/null || :; rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM
export UV_CACHE_DIR="$scratch/uv" PIP_CACHE_DIR="$scratch/pip" PORT="${PORT:-8123}"
unset DATABASE_URL REDIS_URL HANDSCHLAG_VAR

now() { date +%s.%N; }
report() { # report NAME SINCE
  awk -v name="$1" -v from="$2" -v to="$(now)" 'BEGIN { printf "%-32s %6.1f s\n", name, to - from }'
}
start_demo() { # start_demo CLONE NAME
  : >"$scratch/demo.log" # now, not when the background job gets to it
  from=$(now)
  "$1/bin/demo" >"$scratch/demo.log" 2>&1 &
  demo=$!
  until grep -q "http://127.0.0.1:$PORT" "$scratch/demo.log"; do
    kill -0 "$demo" 2>/dev/null || { cat "$scratch/demo.log"; demo=; exit 1; }
    sleep 0.1
  done
  report "$2" "$from"
}
stop_demo() { # stop_demo [NAME]
  from=$(now)
  kill -INT "$demo"
  wait "$demo" || :
  demo=
  [ $# = 0 ] || report "$1" "$from"
}

for clone in first second; do git clone --quiet "$root" "$scratch/$clone"; done
for clone in first second; do
  from=$(now)
  "$scratch/$clone/bin/manage" check >"$scratch/check.log" 2>&1 || { cat "$scratch/check.log"; exit 1; }
  if [ $clone = first ]; then report "environment, nothing cached" "$from"; else report "environment, cached" "$from"; fi
done
from=$(now)
"$scratch/second/bin/manage" check >/dev/null
report "bin/manage, warm" "$from"
start_demo "$scratch/second" "bin/demo, first start"
stop_demo
start_demo "$scratch/second" "bin/demo, second start"
stop_demo "bin/demo, stop"
