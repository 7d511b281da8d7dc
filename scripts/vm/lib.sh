# Shared by the scripts of this folder: which kernels there are and where they are kept. Source it, do not run it.
# shellcheck shell=bash disable=SC2034

# One guest a line: name, kernel series, Debian suite that carries it, further kernel arguments.
# The one with lockdown shows that nothing we do counts as writing to the kernel, which many hosts with secure boot refuse.
readonly KERNELS='5.10 5.10 bullseye
6.1 6.1 bookworm
6.12 6.12 trixie
6.12-lockdown 6.12 trixie lockdown=integrity
7.2 7.2 sid'

# Outside the work tree: 300 MB that survive `git clean`, shared by every checkout of this user.
readonly KERNEL_CACHE="$CULPRIT_CACHE/kernels"

# Ends the script with exit code 3, "cannot observe".
die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 3
}

# Prints the name of every guest, one a line.
kernel_names() {
  cut -d ' ' -f 1 <<<"$KERNELS"
}

# kernel_field NAME series|suite|arguments: prints one field of a guest; fails when there is no such guest.
kernel_field() {
  local name series suite arguments
  while read -r name series suite arguments; do
    if [[ $name == "$1" ]]; then
      printf '%s\n' "${!2}"
      return
    fi
  done <<<"$KERNELS"
  return 1
}

# Prints the words that tell qemu what to run guests on: emulation, unless CULPRIT_VM_ACCEL=kvm asks for nested
# virtualisation by name.
accelerator() {
  case ${CULPRIT_VM_ACCEL:-tcg} in
    # Room for translated code: Deno is 95 MB of machine code, and what is translated takes 17 times as much. A CPU without AVX: libraries then choose SSE, which
    # takes a third less time to emulate.
    tcg) printf '%s\n' -accel tcg,thread=single,tb-size=1024 -cpu Nehalem ;;
    *) printf '%s\n' -accel "$CULPRIT_VM_ACCEL" -cpu max ;;
  esac
}
