/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Kernel types that only the sensor of Unix sockets reads, beside those of vmlinux.h.
 * A suffix of three underscores names the same kernel type with other fields.
 */
#ifndef CULPRIT_UNIX_KERNEL_H
#define CULPRIT_UNIX_KERNEL_H

#include "vmlinux.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct hlist_node {
	struct hlist_node *next;
};

struct hlist_head {
	struct hlist_node *first;
};

struct upid {
	int nr;
};

/* Linux 4.19: one list of tasks for each enum pid_type. */
struct pid {
	struct hlist_head tasks[4];
	/* The first is of the initial PID namespace. */
	struct upid numbers[1];
};

struct task_struct___links {
	struct hlist_node pid_links[4];
};

struct sock___peer {
	struct pid *sk_peer_pid;
};

struct sk_buff_head {
	struct sk_buff *prev;
};

struct sock___queue {
	struct sk_buff_head sk_receive_queue;
};

struct sk_buff___queued {
	/* NULL in no queue. */
	struct sk_buff *next;
};

struct msghdr___name {
	void *msg_name;
	int msg_namelen;
};

/* Linux 6.10: what accept() is told, in place of two arguments. */
struct proto_accept_arg {
	int flags;
};

#pragma clang attribute pop

#endif
