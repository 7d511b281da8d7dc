// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * Unix socket sensor: who connects to which socket, who accepts, who listens.
 *
 * Hooks (Linux 5.10 and newer, BTF):
 *  - tp_btf/sys_exit: the results of connect(2), accept(2), accept4(2), listen(2) and
 *    bind(2). There is no tracepoint inside of Unix sockets, and not every kernel lets
 *    its functions be traced.
 *
 * The other end of a connection is read from the socket, where the kernel noted it for
 * SO_PEERCRED: at the client who called listen(2), at the accepted end who called
 * connect(2).
 *
 * Misses: connects that fail, accepts and listens through io_uring and of 32-bit
 * programs (who connected that way is told by the accept, who accepted that way is
 * told as who listens); socketpair(2), which has no name and one process.
 */
#include "event.h"

#include "kernel.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define AF_UNIX 1
#define SOCK_DGRAM 2
#define UNIX_PATH_SIZE 108
/* Octets of an address before its path: sun_family. */
#define FAMILY_SIZE 2
/* ERESTARTSYS to ERESTART_RESTARTBLOCK: the call is made again after a signal was handled (include/linux/errno.h). */
#define CALLED_AGAIN(errno) ((errno) >= 512 && (errno) <= 516)
/* Index of enum pid_type, since Linux 4.19. */
#define PIDTYPE_TGID 1

#define S_IFMT 0170000
#define S_IFSOCK 0140000

/* Numbers of system calls; asm/unistd.h of the build machine would name that machine's. */
#if defined(__TARGET_ARCH_x86)
#define NR_CONNECT 42
#define NR_ACCEPT 43
#define NR_BIND 49
#define NR_LISTEN 50
#define NR_ACCEPT4 288
#define TS_COMPAT 0x2
#else
#define NR_BIND 200
#define NR_LISTEN 201
#define NR_ACCEPT 202
#define NR_CONNECT 203
#define NR_ACCEPT4 242
#endif

/* What a record tells. */
enum unix_kind {
	/* The task connected; the peer is who called listen(2). */
	UNIX_KIND_OPEN = 1,
	/* The task could not connect; the name is the one it asked for. */
	UNIX_KIND_FAIL = 2,
	/* The task accepted; the peer is who called connect(2). */
	UNIX_KIND_ACCEPT = 3,
	UNIX_KIND_LISTEN = 4,
	UNIX_KIND_BIND = 5,
};

enum unix_flag {
	/* The process of the peer is known but has ended: its pid may be that of another one by now. */
	UNIX_FLAG_PEER_ENDED = 1,
};

/* Lost because the ring was full. */
__u64 unix_lost_ring = 0;

#pragma clang diagnostic push
#pragma clang diagnostic error "-Wpadded"

struct unix_event {
	__u64 ts_ns;
	__u16 record_type;
	__u8 kind;
	__u8 flags;
	__u32 netns;
	/* Addresses of this end and the other in the kernel: they name sockets as long as these live. Never shown. */
	__u64 socket;
	__u64 peer;
	__u64 start_time_ns;
	__u32 tgid;
	__u32 tid;
	__u32 uid;
	__u32 gid;
	__u64 peer_start_time_ns;
	__u32 peer_tgid;
	__u16 error;
	__u8 socket_type;
	__u8 reserved;
	/* 0 where there is none: not accepted yet, or closed. */
	__u64 inode;
	__u64 peer_inode;
	__u8 comm[COMM_SIZE];
	/* Of path: 0 for no name. An abstract name begins with NUL, a path may end with one. */
	__u16 path_size;
	__u8 path[110];
};

#pragma clang diagnostic pop

EVENT_LAYOUT(unix_event);
ENUM_LAYOUT(unix_kind);
ENUM_LAYOUT(unix_flag);

/* A system call that returned. */
struct call {
	long number;
	long result;
	long arguments[3];
};

/* ---- reading the kernel ---- */

static __always_inline struct sock *socket_of_descriptor(struct task_struct *task, long fd)
{
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **descriptors = BPF_CORE_READ(table, fd);
	struct file *file = NULL;
	struct socket *socket;

	if (fd < 0 || fd >= BPF_CORE_READ(table, max_fds))
		return NULL;
	bpf_probe_read_kernel(&file, sizeof(file), descriptors + fd);
	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return NULL;
	socket = BPF_CORE_READ(file, private_data);
	/* The inode of a listening socket's path is a socket, too: what it opens to must point back. */
	if (!socket || BPF_CORE_READ(socket, file) != file)
		return NULL;
	return BPF_CORE_READ(socket, sk);
}

static __always_inline __u64 inode_of(struct sock *sk)
{
	return BPF_CORE_READ(sk, sk_socket, file, f_inode, i_ino);
}

/* The name a socket was bound to. */
static __always_inline void read_name(struct unix_event *event, struct sock *sk)
{
	struct unix_sock *local = (void *)sk;
	struct unix_address *address = BPF_CORE_READ(local, addr);
	__u32 size;

	if (!address)
		return;
	size = BPF_CORE_READ(address, len) - FAMILY_SIZE;
	/* The kernel counts a NUL after a path that leaves no room for one. */
	if (size > UNIX_PATH_SIZE)
		size = UNIX_PATH_SIZE;
	if (!bpf_core_read(event->path, size, &address->name[0].sun_path))
		event->path_size = size;
}

/* The name a process asked for: what its memory holds when the call returns. False where it is no name of a Unix socket. */
static __always_inline bool read_wanted_name(struct unix_event *event, const struct call *call)
{
	const void *address = (const void *)call->arguments[1];
	__u32 size = (__u32)call->arguments[2] - FAMILY_SIZE;
	__u16 family = 0;

	if (bpf_probe_read_user(&family, sizeof(family), address) || family != AF_UNIX)
		return false;
	if (size <= UNIX_PATH_SIZE && !bpf_probe_read_user(event->path, size, address + FAMILY_SIZE))
		event->path_size = size;
	return true;
}

/*
 * The process the kernel noted as the other end of a socket. Its number belongs to it
 * as long as it has a task, which is looked for under the struct pid itself.
 */
static __always_inline void read_peer_process(struct unix_event *event, struct sock *sk)
{
	struct sock___peer *noted = (void *)sk;
	struct pid *pid = BPF_CORE_READ(noted, sk_peer_pid);
	struct hlist_node *link;
	struct task_struct *task;

	if (!pid)
		return;
	event->peer_tgid = BPF_CORE_READ(pid, numbers[0].nr);
	link = BPF_CORE_READ(pid, tasks[PIDTYPE_TGID].first);
	if (!link) {
		event->flags |= UNIX_FLAG_PEER_ENDED;
		return;
	}
	task = (void *)link - bpf_core_field_offset(struct task_struct___links, pid_links[PIDTYPE_TGID]);
	event->peer_start_time_ns = process_start_ns(task);
	if ((__u32)BPF_CORE_READ(task, tgid) != event->peer_tgid)
		event->flags |= UNIX_FLAG_PEER_ENDED;
}

/* ---- records ---- */

static __always_inline struct unix_event *new_event(__u8 kind, struct sock *sk)
{
	struct unix_event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event) {
		COUNT(unix_lost_ring);
		return NULL;
	}
	__builtin_memset(event, 0, sizeof(*event));
	event->ts_ns = bpf_ktime_get_boot_ns();
	event->record_type = RECORD_UNIX;
	event->kind = kind;
	event->socket = (__u64)sk;
	event->inode = inode_of(sk);
	event->socket_type = BPF_CORE_READ(sk, sk_type);
	event->netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	READ_CURRENT_IDENTITY(event);
	return event;
}

static __always_inline void submit(struct unix_event *event)
{
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
}

static __always_inline void on_connected(struct sock *sk)
{
	struct sock *peer = BPF_CORE_READ((struct unix_sock *)sk, peer);
	struct unix_event *event;

	/* Another thread closed it, or a datagram socket was told to forget its peer (AF_UNSPEC). */
	if (!peer)
		return;
	event = new_event(UNIX_KIND_OPEN, sk);
	if (!event)
		return;
	event->peer = (__u64)peer;
	event->peer_inode = inode_of(peer);
	/* The accepted end has the name of its listener. */
	read_name(event, peer);
	read_peer_process(event, sk);
	submit(event);
}

static __always_inline void on_connect_failed(struct sock *sk, const struct call *call)
{
	struct unix_event *event = new_event(UNIX_KIND_FAIL, sk);

	if (!event)
		return;
	event->error = -call->result;
	if (read_wanted_name(event, call))
		submit(event);
	else
		bpf_ringbuf_discard(event, BPF_RB_NO_WAKEUP);
}

static __always_inline void on_accepted(struct sock *sk)
{
	struct sock *peer = BPF_CORE_READ((struct unix_sock *)sk, peer);
	struct unix_event *event = new_event(UNIX_KIND_ACCEPT, sk);

	if (!event)
		return;
	event->peer = (__u64)peer;
	if (peer)
		event->peer_inode = inode_of(peer);
	read_name(event, sk);
	read_peer_process(event, sk);
	submit(event);
}

static __always_inline void on_named(__u8 kind, struct sock *sk)
{
	struct unix_event *event = new_event(kind, sk);

	if (!event)
		return;
	read_name(event, sk);
	submit(event);
}

/* ---- results of system calls ---- */

static __always_inline void on_call(struct task_struct *task, const struct call *call)
{
	bool is_accept = call->number == NR_ACCEPT || call->number == NR_ACCEPT4;
	struct sock *sk;

	if (call->result < 0 && (call->number != NR_CONNECT || CALLED_AGAIN(-call->result)))
		return;
	sk = socket_of_descriptor(task, is_accept ? call->result : call->arguments[0]);
	if (!sk || BPF_CORE_READ(sk, __sk_common.skc_family) != AF_UNIX)
		return;
	if (is_accept)
		on_accepted(sk);
	else if (call->number == NR_LISTEN)
		on_named(UNIX_KIND_LISTEN, sk);
	else if (call->number == NR_BIND)
		on_named(UNIX_KIND_BIND, sk);
	else if (call->result < 0)
		on_connect_failed(sk, call);
	else
		on_connected(sk);
}

/*
 * A raw tracepoint of all system calls and not those of the few: it needs no tracefs,
 * which not every host has mounted, and the switch that makes system calls take the
 * traced path is the same.
 */
SEC("tp_btf/sys_exit")
int BPF_PROG(unix_sys_exit, struct pt_regs *regs, long result)
{
	struct call call = { .result = result };
	struct task_struct *task;

#if defined(__TARGET_ARCH_x86)
	call.number = ((struct pt_regs___x86 *)regs)->orig_ax;
#else
	call.number = ((struct pt_regs___aarch64 *)regs)->syscallno;
#endif
	if (call.number != NR_CONNECT && call.number != NR_ACCEPT && call.number != NR_ACCEPT4 &&
	    call.number != NR_LISTEN && call.number != NR_BIND)
		return 0;
	task = (struct task_struct *)bpf_get_current_task();
#if defined(__TARGET_ARCH_x86)
	/* 32-bit programs number their calls otherwise. */
	if (BPF_CORE_READ((struct task_struct___x86 *)task, thread_info.status) & TS_COMPAT)
		return 0;
	call.arguments[0] = BPF_CORE_READ((struct pt_regs___x86 *)regs, di);
	call.arguments[1] = BPF_CORE_READ((struct pt_regs___x86 *)regs, si);
	call.arguments[2] = BPF_CORE_READ((struct pt_regs___x86 *)regs, dx);
#else
	call.arguments[0] = BPF_CORE_READ((struct pt_regs___aarch64 *)regs, orig_x0);
	call.arguments[1] = BPF_CORE_READ((struct pt_regs___aarch64 *)regs, regs[1]);
	call.arguments[2] = BPF_CORE_READ((struct pt_regs___aarch64 *)regs, regs[2]);
#endif
	/* An int in C: the upper half of the register may hold anything. */
	call.arguments[0] = (int)call.arguments[0];
	on_call(task, &call);
	return 0;
}
