#!/bin/bash
# First process of a guest once the host's files are at /: makes it a usable machine, runs the command, switches off.
# What to run is in /run/guest, a directory shared with the host, and so are the output and the exit code.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts -o mode=620,ptmxmode=666 devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
ln -sfn /proc/self/fd /dev/fd
ln -sfn fd/0 /dev/stdin
ln -sfn fd/1 /dev/stdout
ln -sfn fd/2 /dev/stderr
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t bpf bpf /sys/fs/bpf
mount -t tracefs tracefs /sys/kernel/tracing
mount -t debugfs debugfs /sys/kernel/debug
mount -t securityfs securityfs /sys/kernel/security
release=$(uname -r)
mkdir -p "/lib/modules/$release"
mount --bind "$(</run/guest/modules)/$release" "/lib/modules/$release"
hostname guest
ip link set lo up
ulimit -n 65536

cd "$(</run/guest/cwd)" || exit
mapfile -d '' -t environment </run/guest/environment
mapfile -d '' -t command </run/guest/command
env -i "${environment[@]}" "${command[@]}" </dev/null >>/run/guest/stdout 2>>/run/guest/stderr
echo $? >/run/guest/exit_code.new
mv /run/guest/exit_code.new /run/guest/exit_code
sync
echo o >/proc/sysrq-trigger
sleep 60
