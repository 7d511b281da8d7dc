/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Kernel types that only the socket iterators read, beside those of vmlinux.h.
 * A suffix of three underscores names the same kernel type with other fields.
 */
#ifndef CULPRIT_SOCKETS_KERNEL_H
#define CULPRIT_SOCKETS_KERNEL_H

#include "vmlinux.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* Shares its memory with skc_flags: valid in request sockets only. */
struct sock_common___request {
	struct sock *skc_listener;
};

struct sock___queues {
	__u32 sk_ack_backlog;
	__u32 sk_max_ack_backlog;
	kuid_t sk_uid;
	struct {
		atomic_t rmem_alloc;
	} sk_backlog;
	struct {
		struct {
			int counter;
		} refs;
	} sk_wmem_alloc;
};

struct tcp_sock___queues {
	__u32 rcv_nxt;
	__u32 copied_seq;
	__u32 write_seq;
	__u32 snd_una;
};

struct tcp_request_sock;
struct udp_sock;

struct request_sock {
	struct sock_common __req_common;
};

struct super_block___magic {
	unsigned long s_magic;
};

struct bpf_iter__tcp {
	struct bpf_iter_meta *meta;
	struct sock_common *sk_common;
};

struct bpf_iter__udp {
	struct bpf_iter_meta *meta;
	struct udp_sock *udp_sk;
};

struct bpf_iter__unix {
	struct bpf_iter_meta *meta;
	struct unix_sock *unix_sk;
};

#pragma clang attribute pop

#endif
