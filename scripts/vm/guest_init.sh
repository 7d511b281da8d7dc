#!/bin/busybox sh
# shellcheck shell=dash
# First process of a guest, in the initramfs, on busybox: sees to it that the host's files are at / and hands over.
set -e
bb=/bin/busybox
$bb mount -t proc proc /proc
while read -r module; do
  $bb insmod "/modules/$module"
done </modules/order
# The host is never written to, so its files cannot change under us and everything may be cached.
$bb mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=512000,cache=loose host /host
$bb mount -t tmpfs -o size=75% tmpfs /changes
$bb mkdir /changes/upper /changes/work
$bb mount -t overlay -o lowerdir=/host,upperdir=/changes/upper,workdir=/changes/work overlay /merged
$bb mount -t tmpfs tmpfs /merged/run
$bb mkdir /merged/run/guest
$bb mount -t 9p -o rw,trans=virtio,version=9p2000.L,msize=512000,cache=none exchange /merged/run/guest
$bb umount /proc
exec $bb switch_root /merged /bin/bash /run/guest/main
