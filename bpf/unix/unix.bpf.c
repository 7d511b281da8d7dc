// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * Unix socket sensor: who connects to which socket, who accepts, listens, sends and closes.
 *
 * Hooks (Linux 5.10 and newer, BTF):
 *  - fexit of unix_stream_connect and its kin: who connects, accepts, listens and binds,
 *    and what fails, whichever way it was asked for.
 *  - tp_btf/sys_exit, where the kernel does not let its functions be traced: the results
 *    of connect(2), accept(2), accept4(2), listen(2) and bind(2), and of sendto(2) and
 *    sendmsg(2) that fail. There is no tracepoint inside of Unix sockets.
 *  - tp_btf/sk_data_ready (Linux 6.3) or, before, fentry of sock_def_readable: who
 *    sends datagrams to which socket. It runs inside of the send and is told the
 *    receiving socket, by whatever name or call it was found.
 *  - tp_btf/consume_skb: who received such a datagram; tp_btf/kfree_skb: that nobody did.
 *  - fentry of unix_release: who closed. Without fentry nothing tells.
 *  - iter/task_file: who holds the datagram sockets older than culprit.
 *
 * The other end of a connection is read from the socket, where the kernel noted it for
 * SO_PEERCRED: at the client who called listen(2), at the accepted end who called
 * connect(2).
 *
 * Misses: without fexit what goes through io_uring and what 32-bit programs do (who
 * connected that way is told by the accept, who accepted that way is told as who
 * listens); socketpair(2), which has no name and one process; datagrams to sockets
 * without a name; who received a datagram that was taken in the moment between its
 * queueing and the hook, or that was sent through io_uring.
 */
#include "event.h"

#include "kernel.h"
#include "syscall.h"

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

#define STATE_LISTEN 10
#define EAGAIN 11

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
	/* The task sent its first datagram to the socket, which is the receiving one. */
	UNIX_KIND_SEND = 6,
	/* The task received a datagram that was told. */
	UNIX_KIND_RECEIVE = 7,
	/* The task holds a datagram socket older than culprit. */
	UNIX_KIND_HOLDER = 8,
	/* The task closed an end of a connection, or a socket with a name: nobody has it any more. */
	UNIX_KIND_CLOSE = 9,
};

enum unix_flag {
	/* The process of the peer is known but has ended: its pid may be that of another one by now. */
	UNIX_FLAG_PEER_ENDED = 1,
	/* On CLOSE: it listened. */
	UNIX_FLAG_LISTENER = 2,
	/* On CLOSE: this end connected; the name is that of the other one. */
	UNIX_FLAG_OUTBOUND = 4,
	/* On CLOSE: this end was accepted. */
	UNIX_FLAG_INBOUND = 8,
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
	/*
	 * Addresses of this end and the other in the kernel: they name sockets as long as these live. Of SEND and RECEIVE
	 * the second is that of the datagram or, where it is not certain which one it was, the time. Never shown.
	 */
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
	/* First argument: a descriptor, but for calls that make one. */
	long fd;
	/* Where a name is given: memory of the process or, to a function, of the kernel. */
	const void *address;
	__u32 address_size;
	bool is_kernel_address;
};

/* Who worked on a call. */
enum unix_worker {
	UNIX_WORKER_SYSTEM_CALL = 1,
	UNIX_WORKER_FUNCTION = 2,
};

/* The beginning of struct user_msghdr (include/linux/socket.h), as sendmsg(2) is given it. */
struct user_message {
	const void *name;
	__u32 name_size;
	__u32 reserved;
};

struct unix_use {
	__u64 socket;
	__u64 start_time_ns;
	__u32 tgid;
	__u32 reserved;
};

/*
 * Which processes sent to which datagram sockets already, with the inode number of the
 * socket, whose address is used again. One that is evicted is told once more.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct unix_use);
	__type(value, __u64);
} unix_uses SEC(".maps");

/* From which socket to which one. */
struct unix_way {
	__u64 sender;
	__u64 mailbox;
};

/* Datagrams that were told and that nobody received yet. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, struct unix_way);
} unix_datagrams SEC(".maps");

/* Threads whose call was worked on, by enum unix_worker, until the last program that might do so was told. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, __u8);
} unix_worked_on SEC(".maps");

/* ---- reading the kernel ---- */

static __always_inline struct unix_address *name_of(struct sock *sk)
{
	return BPF_CORE_READ((struct unix_sock *)sk, addr);
}

static __always_inline __u64 inode_of(struct sock *sk)
{
	return BPF_CORE_READ(sk, sk_socket, file, f_inode, i_ino);
}

/* The name a socket was bound to. */
static __always_inline void read_name(struct unix_event *event, struct sock *sk)
{
	struct unix_address *address = name_of(sk);
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
	__u32 size = call->address_size - FAMILY_SIZE;
	const void *path = call->address + FAMILY_SIZE;
	__u16 family = 0;
	long error;

	if (call->is_kernel_address)
		error = bpf_probe_read_kernel(&family, sizeof(family), call->address);
	else
		error = bpf_probe_read_user(&family, sizeof(family), call->address);
	if (error || family != AF_UNIX)
		return false;
	if (size > UNIX_PATH_SIZE)
		return true;
	if (call->is_kernel_address)
		error = bpf_probe_read_kernel(event->path, size, path);
	else
		error = bpf_probe_read_user(event->path, size, path);
	if (!error)
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

	/* Another thread closed it. Of a datagram socket the first datagram is told. */
	if (!peer || BPF_CORE_READ(sk, sk_type) == SOCK_DGRAM)
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

static __always_inline void on_failed(struct sock *sk, const struct call *call)
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

/* ---- functions of the kernel ---- */

/* Tells the programs of system calls that there is nothing left for them. */
static __always_inline void mark_call(__u8 worker)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();

	bpf_map_update_elem(&unix_worked_on, &tid, &worker, BPF_ANY);
}

static __always_inline void on_function_failed(struct sock *sk, const void *address, int size, int result)
{
	struct call call = { .result = result, .address = address, .address_size = size, .is_kernel_address = true };

	if (!CALLED_AGAIN(-result))
		on_failed(sk, &call);
}

SEC("fexit/unix_stream_connect")
int BPF_PROG(unix_connect, struct socket *sock, const void *address, int size, int flags, int result)
{
	mark_call(UNIX_WORKER_FUNCTION);
	if (result < 0)
		on_function_failed(sock->sk, address, size, result);
	else
		on_connected(sock->sk);
	return 0;
}

SEC("fexit/unix_dgram_connect")
int BPF_PROG(unix_dconnect, struct socket *sock, const void *address, int size, int flags, int result)
{
	mark_call(UNIX_WORKER_FUNCTION);
	if (result < 0)
		on_function_failed(sock->sk, address, size, result);
	return 0;
}

SEC("fexit/unix_dgram_sendmsg")
int BPF_PROG(unix_sendmsg, struct socket *sock, struct msghdr *message, size_t size, int result)
{
	struct msghdr___name *named = (void *)message;
	const void *address;

	if (result >= 0)
		return 0;
	mark_call(UNIX_WORKER_FUNCTION);
	address = BPF_CORE_READ(named, msg_name);
	/* A receiver that is slow; sent again later. */
	if (address && result != -EAGAIN)
		on_function_failed(sock->sk, address, BPF_CORE_READ(named, msg_namelen), result);
	return 0;
}

SEC("fexit/unix_accept")
int unix_accept(__u64 *ctx)
{
	struct socket *accepted = (struct socket *)ctx[1];
	int result;

	/* Three arguments come before the result since Linux 6.10, else four. One load of either would be refused. */
	if (bpf_core_type_exists(struct proto_accept_arg)) {
		result = ctx[3];
		barrier_var(result);
	} else {
		result = ctx[4];
		barrier_var(result);
	}
	mark_call(UNIX_WORKER_FUNCTION);
	if (!result)
		on_accepted(BPF_CORE_READ(accepted, sk));
	return 0;
}

SEC("fexit/unix_listen")
int BPF_PROG(unix_listen, struct socket *sock, int backlog, int result)
{
	mark_call(UNIX_WORKER_FUNCTION);
	if (!result)
		on_named(UNIX_KIND_LISTEN, sock->sk);
	return 0;
}

SEC("fexit/unix_bind")
int BPF_PROG(unix_bind, struct socket *sock, const void *address, int size, int result)
{
	mark_call(UNIX_WORKER_FUNCTION);
	if (!result)
		on_named(UNIX_KIND_BIND, sock->sk);
	return 0;
}

/* ---- results of system calls ---- */

static __always_inline bool is_send(const struct call *call)
{
	return call->number == NR_SENDTO || call->number == NR_SENDMSG;
}

/* Whether a call that failed is a connect or a datagram to a name that did not come about. */
static __always_inline bool is_failure(const struct call *call)
{
	long error = -call->result;

	if (CALLED_AGAIN(error))
		return false;
	/* A receiver that is slow; sent again later. */
	return call->number == NR_CONNECT || (is_send(call) && error != EAGAIN);
}

static __always_inline void on_call(struct task_struct *task, struct call *call)
{
	bool is_accept = call->number == NR_ACCEPT || call->number == NR_ACCEPT4;
	struct sock *sk;

	if (call->result < 0 && !is_failure(call))
		return;
	if (call->number == NR_SENDMSG) {
		struct user_message message = {};

		if (bpf_probe_read_user(&message, sizeof(message), call->address))
			return;
		call->address = message.name;
		call->address_size = message.name_size;
	}
	if (is_send(call) && !call->address)
		return;
	sk = socket_of_descriptor(task, is_accept ? call->result : call->fd);
	if (!sk || BPF_CORE_READ(sk, __sk_common.skc_family) != AF_UNIX)
		return;
	if (call->result < 0)
		on_failed(sk, call);
	else if (is_accept)
		on_accepted(sk);
	else if (call->number == NR_LISTEN)
		on_named(UNIX_KIND_LISTEN, sk);
	else if (call->number == NR_BIND)
		on_named(UNIX_KIND_BIND, sk);
	else
		on_connected(sk);
}

static __always_inline int on_sys_exit(struct pt_regs *regs, long result, bool is_again)
{
	struct call call = { .number = call_number(regs), .result = result };
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct task_struct *task;
	__u8 *worker;

	switch (call.number) {
	case NR_CONNECT:
	case NR_ACCEPT:
	case NR_ACCEPT4:
	case NR_LISTEN:
	case NR_BIND:
		break;
	case NR_SENDTO:
	case NR_SENDMSG:
		/* The many that succeed are told by their receiver's side. */
		if (result < 0)
			break;
		return 0;
	default:
		return 0;
	}
	if (is_again) {
		if (!bpf_map_delete_elem(&unix_worked_on, &tid))
			return 0;
	} else {
		worker = bpf_map_lookup_elem(&unix_worked_on, &tid);
		if (worker && *worker == UNIX_WORKER_FUNCTION)
			return 0;
		mark_call(UNIX_WORKER_SYSTEM_CALL);
	}
	task = (struct task_struct *)bpf_get_current_task();
	if (is_compat_call(task))
		return 0;
	/* An int in C: the upper half of the register may hold anything. */
	call.fd = (int)call_argument(regs, 0);
	call.address = (const void *)call_argument(regs, call.number == NR_SENDTO ? 4 : 1);
	call.address_size = call_argument(regs, call.number == NR_SENDTO ? 5 : 2);
	on_call(task, &call);
	return 0;
}

/*
 * A raw tracepoint of all system calls and not those of the few: it needs no tracefs,
 * which not every host has mounted, and the switch that makes system calls take the
 * traced path is the same.
 */
SEC("tp_btf/sys_exit")
int BPF_PROG(unix_sys_exit, struct pt_regs *regs, long result)
{
	return on_sys_exit(regs, result, false);
}

/*
 * The same again: the kernel leaves a run out when the program is running already on
 * that CPU, preempted (Linux 6.2 and newer). Then this one works on the call; else it
 * finds that done.
 */
SEC("tp_btf/sys_exit")
int BPF_PROG(unix_sys_again, struct pt_regs *regs, long result)
{
	return on_sys_exit(regs, result, true);
}

/* ---- datagrams ---- */

/* Whether a socket is one that datagrams are sent to by name. */
static __always_inline bool is_mailbox(struct sock *sk)
{
	return sk->__sk_common.skc_family == AF_UNIX && sk->sk_type == SOCK_DGRAM && name_of(sk);
}

/* The datagram that was queued last; 0 when somebody has received it already. */
static __always_inline struct sk_buff *last_datagram(struct sock *sk)
{
	struct sock___queue *queues = (void *)sk;
	struct sk_buff *last = BPF_CORE_READ(queues, sk_receive_queue.prev);

	return (void *)last == (void *)&queues->sk_receive_queue ? NULL : last;
}

/* The datagram socket that the current task reads or writes; NULL where it does so through io_uring. */
static __always_inline struct sock *socket_of_current_call(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct pt_regs *regs = current_registers();
	struct sock *sk;

	if (is_compat_call(task) || read_call_number(regs) == NR_IO_URING_ENTER)
		return NULL;
	/* The first argument of every call that sends or receives. */
	sk = socket_of_descriptor(task, (int)read_call_descriptor(regs));
	if (!sk || BPF_CORE_READ(sk, __sk_common.skc_family) != AF_UNIX || BPF_CORE_READ(sk, sk_type) != SOCK_DGRAM)
		return NULL;
	return sk;
}

/*
 * Names the datagram that a record is about, where it is certain which one that is: the
 * last one in the queue, if it came from the socket the process sends from. A receiver
 * that is awake may have taken it before; then nobody knows who it was.
 */
static __always_inline void name_datagram(struct unix_event *event, struct sock *mailbox)
{
	struct unix_way way = { .sender = (__u64)socket_of_current_call(), .mailbox = (__u64)mailbox };
	struct sk_buff *skb = last_datagram(mailbox);
	__u64 datagram = (__u64)skb;

	event->peer = event->ts_ns;
	if (!skb || !way.sender || (__u64)BPF_CORE_READ(skb, sk) != way.sender)
		return;
	bpf_map_update_elem(&unix_datagrams, &datagram, &way, BPF_ANY);
	/* Taken meanwhile: who deletes it settles whether it was found. */
	if (!BPF_CORE_READ((struct sk_buff___queued *)skb, next) && !bpf_map_delete_elem(&unix_datagrams, &datagram))
		return;
	event->peer = datagram;
}

/* Tells that the current process sends to a socket, once. */
static __always_inline int on_send(struct sock *sk)
{
	struct unix_use key = { .socket = (__u64)sk };
	struct unix_event *event;
	struct task_identity id;
	__u64 inode, *known;

	if (!is_mailbox(sk))
		return 0;
	READ_CURRENT_IDENTITY(&id);
	key.tgid = id.tgid;
	key.start_time_ns = id.start_time_ns;
	inode = inode_of(sk);
	known = bpf_map_lookup_elem(&unix_uses, &key);
	if (known && *known == inode)
		return 0;
	event = new_event(UNIX_KIND_SEND, sk);
	/* What the ring had no room for is told next time. */
	if (!event)
		return 0;
	read_name(event, sk);
	name_datagram(event, sk);
	submit(event);
	bpf_map_update_elem(&unix_uses, &key, &inode, BPF_ANY);
	return 0;
}

SEC("tp_btf/sk_data_ready")
int BPF_PROG(unix_ready, struct sock *sk)
{
	return on_send(sk);
}

/* Before Linux 6.3: what the tracepoint is in. */
SEC("fentry/sock_def_readable")
int BPF_PROG(unix_readable, struct sock *sk)
{
	return on_send(sk);
}

/* Forgets a datagram; false where it was not told, or another one was at its place in memory. */
static __always_inline bool forget_datagram(struct sk_buff *skb, struct unix_way *way)
{
	struct unix_way *known;
	__u64 key = (__u64)skb;

	known = bpf_map_lookup_elem(&unix_datagrams, &key);
	if (!known)
		return false;
	*way = *known;
	return !bpf_map_delete_elem(&unix_datagrams, &key) && way->sender == (__u64)skb->sk;
}

static __always_inline bool is_datagram(struct sk_buff *skb)
{
	struct sock *sender = skb->sk;

	return sender && sender->__sk_common.skc_family == AF_UNIX && sender->sk_type == SOCK_DGRAM;
}

/* A datagram was received, or another packet is of no use any more. */
SEC("tp_btf/consume_skb")
int BPF_PROG(unix_received, struct sk_buff *skb)
{
	struct unix_event *event;
	struct sock *mailbox;
	struct unix_way way;

	if (!is_datagram(skb) || !forget_datagram(skb, &way))
		return 0;
	mailbox = socket_of_current_call();
	/* One that was dropped unseen, and this one is at its place. */
	if (mailbox && (__u64)mailbox != way.mailbox)
		return 0;
	event = new_event(UNIX_KIND_RECEIVE, (struct sock *)way.sender);
	if (!event)
		return 0;
	event->peer = (__u64)skb;
	submit(event);
	return 0;
}

/* A datagram was dropped with the socket it was sent to, or another packet was. */
SEC("tp_btf/kfree_skb")
int BPF_PROG(unix_dropped, struct sk_buff *skb)
{
	struct unix_way way;

	if (is_datagram(skb))
		forget_datagram(skb, &way);
	return 0;
}

/* Runs once at start: every process that holds a datagram socket with a name already. */
SEC("iter/task_file")
int unix_holders(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct unix_event *event;
	struct sock *sk;

	if (!task || !file)
		return 0;
	sk = socket_of_file(file);
	if (!sk || BPF_CORE_READ(sk, __sk_common.skc_family) != AF_UNIX || BPF_CORE_READ(sk, sk_type) != SOCK_DGRAM ||
	    !name_of(sk))
		return 0;
	event = new_event(UNIX_KIND_HOLDER, sk);
	if (!event)
		return 0;
	READ_IDENTITY(event, task);
	read_name(event, sk);
	submit(event);
	return 0;
}

/* ---- ends ---- */

/* Nobody has the socket any more, and the current task was the last. */
SEC("fentry/unix_release")
int BPF_PROG(unix_close, struct socket *sock)
{
	struct sock *sk = sock->sk;
	struct unix_event *event;
	struct sock *peer = NULL;
	bool has_name, peer_has_name;

	if (!sk)
		return 0;
	/* Of a connection; datagram sockets may have a peer, too. */
	if (sk->sk_type != SOCK_DGRAM)
		peer = BPF_CORE_READ((struct unix_sock *)sk, peer);
	has_name = name_of(sk);
	peer_has_name = peer && name_of(peer);
	if (!has_name && !peer_has_name)
		return 0;
	event = new_event(UNIX_KIND_CLOSE, sk);
	if (!event)
		return 0;
	if (sk->__sk_common.skc_state == STATE_LISTEN)
		event->flags |= UNIX_FLAG_LISTENER;
	/* Who connects needs no name, who is connected to does. */
	if (!has_name)
		event->flags |= UNIX_FLAG_OUTBOUND;
	else if (peer && !peer_has_name)
		event->flags |= UNIX_FLAG_INBOUND;
	if (peer) {
		event->peer = (__u64)peer;
		event->peer_inode = inode_of(peer);
	}
	read_name(event, has_name ? sk : peer);
	submit(event);
	return 0;
}
