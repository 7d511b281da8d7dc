# Shared by the scripts of this folder: which kernels there are and where they are kept. Source it, do not run it.

# One line a kernel: series, Debian suite that carries it.
readonly KERNELS='5.10 bullseye
6.1 bookworm
6.12 trixie
7.2 sid'

# Outside the work tree: 500 MB that survive `git clean`, shared by every checkout of this user.
readonly KERNEL_CACHE="${XDG_CACHE_HOME:-$HOME/.cache}/culprit/kernels"

# Ends the script with exit code 3, "cannot observe".
die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 3
}

# Prints the series of every known kernel, one a line.
kernel_series() {
  cut -d ' ' -f 1 <<<"$KERNELS"
}

# kernel_suite SERIES: prints the Debian suite of a kernel; fails when there is no such kernel in the table.
kernel_suite() {
  awk -v series="$1" '$1 == series { print $2; found = 1 } END { exit !found }' <<<"$KERNELS"
}
