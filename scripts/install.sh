#!/bin/sh
# Installs culprit from a release: sh install.sh [--prefix DIR] [--from DIR_OR_URL] [--systemd] [--uninstall]
#
# Nothing is installed unless its checksum is right. With cosign on PATH and a signature beside the checksums, that is
# verified as well. --prefix is /usr/local by default; --systemd adds the units; --uninstall removes what it installed.
set -eu

version=@VERSION@
url='@URL@'
prefix=/usr/local
systemd=no
uninstall=no

fail() {
  printf 'install: %s\n' "$*" >&2
  exit 1
}

usage() {
  sed -n '2,5s/^# \{0,1\}//p' "$0" >&2
  exit 2
}

while [ $# -gt 0 ]; do
  case $1 in
    --prefix) [ $# -ge 2 ] || usage; prefix=$2; shift 2 ;;
    --from) [ $# -ge 2 ] || usage; url=$2; shift 2 ;;
    --systemd) systemd=yes; shift ;;
    --uninstall) uninstall=yes; shift ;;
    *) usage ;;
  esac
done
case $prefix in
  /*) ;;
  *) fail "found --prefix \"$prefix\", wanted an absolute path" ;;
esac
# systemd has a meaning of its own for many others, and for spaces.
if [ $systemd = yes ]; then
  case $prefix in
    *[!A-Za-z0-9/._+-]*) fail "found --prefix \"$prefix\", wanted letters, digits and ./_+- alone, as --systemd asks" ;;
  esac
fi
units=/etc/systemd/system

# Every path it installs, once, so that --uninstall removes the same.
installed() {
  cat <<END
$prefix/bin/culprit
$prefix/share/man/man8/culprit.8
$prefix/share/bash-completion/completions/culprit
$prefix/share/zsh/site-functions/_culprit
$prefix/share/fish/vendor_completions.d/culprit.fish
$prefix/share/doc/culprit/LICENSE
$prefix/share/doc/culprit/THIRD_PARTY.txt
$prefix/share/doc/culprit/sbom.cdx.json
END
}

# As sd_booted(3) finds out.
systemd_runs() {
  [ -d /run/systemd/system ]
}

if [ $uninstall = yes ]; then
  installed | while read -r path; do rm -f "$path"; done
  rmdir "$prefix/share/doc/culprit" 2>/dev/null || :
  removed=no
  for unit in culprit-dns.service culprit-dns-sample.service culprit-dns-sample.timer; do
    if [ -e "$units/$unit" ]; then
      systemctl disable --now "$unit" 2>/dev/null || :
      rm -f "$units/$unit"
      removed=yes
    fi
  done
  if [ "$(id -u)" = 0 ]; then rm -rf /var/cache/culprit; fi
  if [ $removed = yes ] && systemd_runs; then
    systemctl daemon-reload || fail "the program and its units are removed, but systemd does not know that yet"
  fi
  exit 0
fi

[ -n "$url" ] || fail "say with --from where the release is: a directory, or the URL it is below"
[ "$(uname -s)" = Linux ] || fail "culprit runs on Linux only"
case $(uname -m) in
  x86_64) arch=amd64 ;;
  aarch64) arch=arm64 ;;
  *) fail "there is no culprit for $(uname -m)" ;;
esac

work=$(mktemp -d)
new=
trap 'rm -rf "$work" ${new:+"$new"}' EXIT
trap 'exit 1' HUP INT TERM

# get NAME: brings a file of the release to $work; fails when there is none.
get() {
  case $url in
    https://* | http://*)
      if command -v curl >/dev/null; then
        curl --fail --silent --show-error --location --output "$work/$1" "$url/$1"
      elif command -v wget >/dev/null; then
        wget --quiet --output-document="$work/$1" "$url/$1"
      else
        fail "found neither curl nor wget"
      fi
      ;;
    *) cp "$url/$1" "$work/$1" ;;
  esac
}

name="culprit_${version}_linux_$arch"
sums="culprit_${version}_checksums.txt"
get "$sums" || fail "cannot get $sums"
get "$name.tar.gz" || fail "cannot get $name.tar.gz"

if command -v cosign >/dev/null && get "$sums.sigstore.json" 2>/dev/null; then
  # Which identity may sign is for the one who installs to say.
  : "${CULPRIT_COSIGN_IDENTITY:?set it to a regular expression of who may have signed, or take cosign off PATH}"
  cosign verify-blob --bundle "$work/$sums.sigstore.json" \
    --certificate-oidc-issuer https://token.actions.githubusercontent.com \
    --certificate-identity-regexp "$CULPRIT_COSIGN_IDENTITY" "$work/$sums" >&2 || fail "the signature is wrong"
fi

wanted=$(sed -n "s/^\([0-9a-f]\{64\}\)  $name\.tar\.gz\$/\1/p" "$work/$sums")
[ -n "$wanted" ] || fail "$sums does not name $name.tar.gz"
found=$(sha256sum "$work/$name.tar.gz" | cut -d ' ' -f 1)
[ "$found" = "$wanted" ] || fail "the checksum of $name.tar.gz is $found, wanted $wanted: nothing was installed"

tar -xzf "$work/$name.tar.gz" -C "$work" --no-same-owner
from=$work/$name
if [ $systemd = yes ] && ! { mkdir -p $units 2>/dev/null && [ -w $units ]; }; then
  fail "cannot write to $units, as --systemd asks: nothing was installed; run it as root or without --systemd"
fi
put() {
  mkdir -p "$(dirname "$3")"
  new=$3.new
  cp "$from/$2" "$new"
  chmod "$1" "$new"
  mv -f "$new" "$3"
}
# It must run here before it replaces one that does; /tmp may be without exec.
mkdir -p "$prefix/bin"
new=$prefix/bin/culprit.new
cp "$from/culprit" "$new"
chmod 755 "$new"
"$new" --version >/dev/null || fail "this culprit does not run here: nothing was installed"
mv -f "$new" "$prefix/bin/culprit"
put 644 man/culprit.8 "$prefix/share/man/man8/culprit.8"
put 644 completions/culprit.bash "$prefix/share/bash-completion/completions/culprit"
put 644 completions/_culprit "$prefix/share/zsh/site-functions/_culprit"
put 644 completions/culprit.fish "$prefix/share/fish/vendor_completions.d/culprit.fish"
put 644 LICENSE "$prefix/share/doc/culprit/LICENSE"
put 644 THIRD_PARTY.txt "$prefix/share/doc/culprit/THIRD_PARTY.txt"
put 644 sbom.cdx.json "$prefix/share/doc/culprit/sbom.cdx.json"
if [ $systemd = yes ]; then
  for unit in "$from"/systemd/*; do
    sed "s#/usr/bin/culprit#$prefix/bin/culprit#" "$unit" >"$units/$(basename "$unit")"
  done
fi
"$prefix/bin/culprit" version
[ $systemd = yes ] || exit 0
# The units are of use where systemd comes later: in an image, or after the next boot.
if systemd_runs; then
  systemctl daemon-reload || fail "the program and its units are installed, but systemd does not know them yet"
else
  printf 'install: systemd does not run here: the program is installed, and its units in %s %s\n' "$units" \
    'wait for it; to record without systemd, start "culprit dns" yourself or from cron' >&2
fi
