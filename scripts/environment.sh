# Where the tools of this project are, and what more than one script does. Source it, do not run it.
# shellcheck shell=bash disable=SC2034

# The Deno every script runs on; its sha256 is that of the binary in the npm package below.
readonly DENO_VERSION=2.9.6
readonly DENO_SHA256=bceb5b6a6239b0b010418406d8c77a508f67cf4337d94288f1c19fe71304aab0
readonly DENO_PACKAGE=@deno/linux-x64-glibc

readonly CULPRIT_CACHE="${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/culprit"
readonly DENO_HOME="$CULPRIT_CACHE/deno-$DENO_VERSION"
readonly DENO_BINARY="$DENO_HOME/node_modules/$DENO_PACKAGE/deno"

# Ours first, so that another Deno on the machine does not matter; bpftool and ip are in sbin.
export PATH="${DENO_BINARY%/*}:$PATH:/usr/local/sbin:/usr/sbin:/sbin"
# No question to the network on every start.
export DENO_NO_UPDATE_CHECK=1

# What V8 is told, here and in every build: a small young generation saves 70 MiB in a flood and costs nothing. An old one
# that is collected when it has grown by half, not by three times, saves 20 to 30 MiB where many connections come and go.
readonly V8_FLAGS=--v8-flags=--max-semi-space-size=4,--heap-growing-percent=50

# build_if_changed ROOT: builds dist/ when a source is newer than it. Folders are compared too: their time changes when
# a file is removed or renamed.
build_if_changed() {
  local stamp=$1/dist/.built started
  if [[ -f $stamp ]] && [[ -z $(find "$1/bpf" "$1/scripts/build.ts" "$1/scripts/toolchain.ts" -newer "$stamp" \
    \( -name '*.c' -o -name '*.h' -o -path '*/scripts/*' -o -type d \) -print -quit) ]]; then
    return
  fi
  printf 'culprit: compiling the BPF programs\n' >&2
  mkdir -p "$1/dist" && started=$(mktemp "$1/dist/.building.XXXXXX") || return 1
  if ! (cd "$1" && deno task --quiet build >&2 </dev/null); then
    rm -f "$started"
    return 1
  fi
  # The time before the build: a source saved meanwhile is built again.
  mv "$started" "$stamp"
}
