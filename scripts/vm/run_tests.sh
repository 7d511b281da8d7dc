#!/bin/bash
# Runs test files one by one, on the host or in a guest: run_tests.sh OUT SECONDS FILE...
#
# Each file has a Deno of its own, so that a crash or a hang in native code costs one file, not the run. For the n-th
# file, OUT gets n.xml (JUnit), n.log (what it printed), n.code (exit code; 124 when its time was over) and n.seconds.
out=$1
limit_s=$2
shift 2
number=0
for file in "$@"; do
  SECONDS=0
  # Types were checked on the host; here it would take longer than the tests.
  NO_COLOR=1 timeout --kill-after=10 "$limit_s" deno test --quiet --allow-all --no-check --cached-only --frozen \
    --sanitize-ops --sanitize-resources --junit-path="$out/$number.xml" "$file" >"$out/$number.log" 2>&1 </dev/null
  echo $? >"$out/$number.code"
  echo "$SECONDS" >"$out/$number.seconds"
  number=$((number + 1))
done
