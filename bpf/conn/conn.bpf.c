// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * Connection sensor: who opened, accepted, used and closed which socket.
 *
 * Hooks (Linux 5.10 and newer, BTF):
 *  - tp_btf/inet_sock_set_state: the life of a TCP socket. May run in a softirq of
 *    somebody else, so owners are taken from the current task only on transitions
 *    that system calls make (to SYN_SENT, LISTEN, FIN_WAIT1, LAST_ACK).
 *  - tp_btf/tcp_destroy_sock: end of what is remembered of a TCP socket.
 *  - cgroup/connect4,6, and the results of connect(2) from fexit of
 *    inet_stream_connect: attempts that fail before a packet is sent, also those that
 *    a policy forbids.
 *  - fexit of inet_accept: who accepted.
 *  - tp_btf/sys_exit, where the kernel has no fexit: the same of connect(2), accept(2)
 *    and accept4(2).
 *  - tp_btf/sock_send_length and sock_recv_length (Linux 6.3) or, before, fexit of
 *    inet_sendmsg and its kin: octets by process.
 *  - cgroup_skb: flows of UDP, raw and ICMP sockets.
 *  - cgroup/post_bind4,6: explicit binds. cgroup/sock_release: ends of datagram sockets.
 *  - iter/task_file: sockets older than culprit with all who hold them.
 *  - iter/bpf_sk_storage_map: what the processes of living sockets moved so far; read
 *    again and again by who shows it live.
 *  - iter/bpf_map_elem: which sockets live when culprit ends; of the others, the end
 *    was told or lost.
 *
 * Misses, without fexit: who accepted through io_uring before its first send or
 * receive; connects through io_uring that fail before a packet is sent; accept(2) of
 * 32-bit programs before their first send or receive. Always: octets of splice(2) by
 * process (the totals have them); sockets of the kernel itself.
 */
#include "event.h"

#include "syscall.h"

#include <bpf/bpf_endian.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define AF_INET 2
#define AF_INET6 10
#define SOCK_STREAM 1
#define SOCK_RAW 3
#define PROTO_ICMP 1
#define PROTO_TCP 6
#define PROTO_UDP 17
#define PROTO_ICMP6 58
#define PROTO_UDPLITE 136
#define UDP_HEADER_SIZE 8

#define MSG_PEEK 0x2
#define MSG_ERRQUEUE 0x2000
/* Bit of sk_flags (enum sock_flags, include/net/sock.h): set by tcp_fin() and by nothing else. */
#define SOCK_DONE_FLAG (1UL << 1)
/* Errno of a connect(2) that goes on in the background. */
#define CONNECT_GOES_ON(errno) ((errno) == 4 || (errno) == 11 || (errno) == 114 || (errno) == 115 || (errno) == 512)

/* States of a TCP socket (include/net/tcp_states.h). */
enum conn_state {
	CONN_STATE_ESTABLISHED = 1,
	CONN_STATE_SYN_SENT = 2,
	CONN_STATE_SYN_RECV = 3,
	CONN_STATE_FIN_WAIT1 = 4,
	CONN_STATE_FIN_WAIT2 = 5,
	CONN_STATE_TIME_WAIT = 6,
	CONN_STATE_CLOSE = 7,
	CONN_STATE_CLOSE_WAIT = 8,
	CONN_STATE_LAST_ACK = 9,
	CONN_STATE_LISTEN = 10,
	CONN_STATE_CLOSING = 11,
};

/* What a record tells. */
enum conn_kind {
	/* A connect that succeeded; the task is the one that opened. */
	CONN_KIND_OPEN = 1,
	/* A connect that failed; the task is the one that opened. */
	CONN_KIND_FAIL = 2,
	/* A connection waits to be accepted; no task. */
	CONN_KIND_PASSIVE = 3,
	/* The task accepted a connection; without birth. */
	CONN_KIND_ACCEPT = 4,
	CONN_KIND_LISTEN = 5,
	CONN_KIND_BIND = 6,
	/* The task sends or receives through the socket for the first time. */
	CONN_KIND_USER = 7,
	/* What the task sent and received, just before the end of its socket. */
	CONN_KIND_USAGE = 8,
	/* The end; the task is the one that closed, where one did. */
	CONN_KIND_CLOSE = 9,
	/* The task holds a socket older than culprit. */
	CONN_KIND_HOLDER = 10,
	/* First packet of a flow of a datagram or raw socket; the task sent it, none received it. */
	CONN_KIND_FLOW = 11,
	/* End of a datagram or raw socket; the task closed it. */
	CONN_KIND_RELEASE = 12,
};

enum conn_flag {
	/* Older than culprit, or its beginning was missed. */
	CONN_FLAG_PREEXISTING = 1,
	/* Accepted, or to be accepted. */
	CONN_FLAG_PASSIVE = 2,
	/* This end was first to send FIN. */
	CONN_FLAG_LOCAL_FIRST = 4,
	/* The other end was first to send FIN. */
	CONN_FLAG_REMOTE_FIRST = 8,
	/* Of a flow: its first packet was received. */
	CONN_FLAG_INGRESS = 16,
};

/* Lost because the ring was full. */
__u64 conn_lost_ring = 0;
/* Sockets, users or flows that could not be remembered: their map was full. */
__u64 conn_lost_socket = 0;
__u64 conn_lost_user = 0;
__u64 conn_lost_flow = 0;
/* Transitions that conn_set_state was left out of and conn_set_again worked on. */
__u64 conn_worked_again = 0;

#pragma clang diagnostic push
#pragma clang diagnostic error "-Wpadded"

struct conn_event {
	__u64 ts_ns;
	__u16 record_type;
	__u8 kind;
	__u8 family;
	__u32 netns;
	/* With birth_ns names a socket: addresses are used again. Never shown. */
	__u64 socket;
	__u64 birth_ns;
	__u64 start_time_ns;
	__u32 tgid;
	__u32 tid;
	__u32 uid;
	__u32 gid;
	/* Of TCP: SYN sent, handshake done. */
	__u64 opened_ns;
	__u64 established_ns;
	__u64 bytes_sent;
	__u64 bytes_received;
	/* On CLOSE: what the task sent and received itself, where no other process did. */
	__u64 usage_sent;
	__u64 usage_received;
	__u32 packets_sent;
	__u32 packets_received;
	__u32 retransmits;
	__u32 rtt_us;
	/* Of a TCP handshake: the next octet of each direction, which tells the two ends of a connection through NAT. */
	__u32 send_sequence;
	__u32 receive_sequence;
	__u16 local_port;
	__u16 remote_port;
	__u16 error;
	__u8 protocol;
	__u8 socket_type;
	__u8 old_state;
	__u8 flags;
	__u8 reserved[6];
	__u8 comm[COMM_SIZE];
	__u8 local_address[16];
	__u8 remote_address[16];
};

/* Octets of one process of a socket that lives. */
struct conn_live {
	/* As in struct conn_event. */
	__u64 socket;
	__u64 bytes_sent;
	__u64 bytes_received;
	__u32 tgid;
	__u32 reserved;
};

/* A TCP socket that lives, named as in struct conn_event. */
struct conn_survivor {
	__u64 socket;
	__u64 birth_ns;
};

#pragma clang diagnostic pop

EVENT_LAYOUT(conn_event);
EVENT_LAYOUT(conn_live);
EVENT_LAYOUT(conn_survivor);
ENUM_LAYOUT(conn_kind);
ENUM_LAYOUT(conn_flag);
ENUM_LAYOUT(conn_state);

struct conn_usage {
	struct task_identity id;
	__u64 bytes_sent;
	__u64 bytes_received;
};

/* Most sockets have one process, and a few two. */
#define INLINE_USERS 2

struct conn_user_slot {
	/* Claimed with an atomic operation, hence apart from id; 0 is free. */
	__u32 tgid;
	__u32 reserved;
	struct conn_usage usage;
};

struct conn_socket {
	__u64 birth_ns;
	__u64 opened_ns;
	__u64 established_ns;
	/* Who connected, listens, bound or, of a passive one, accepted. */
	struct task_identity opener;
	struct task_identity closer;
	__u32 netns;
	__u16 local_port;
	__u16 remote_port;
	__u8 local_address[16];
	__u8 remote_address[16];
	__u8 family;
	__u8 protocol;
	__u8 socket_type;
	__u8 flags;
	/* The last transition that was worked on led to this state. */
	__u8 state;
	__u8 reserved[3];
};

/*
 * By address of the socket. Not socket storage, which tracepoints have only since
 * Linux 5.11 and which needs a pointer the verifier trusts: that of accept() is
 * found by walking a descriptor.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 262144);
	__type(key, __u64);
	__type(value, struct conn_socket);
} conn_sockets SEC(".maps");

/*
 * Octets by process of a socket. In the socket's storage, which is several times
 * faster to reach than an entry of a hash: this is what every send and receive costs.
 */
struct conn_inline_users {
	struct conn_user_slot users[INLINE_USERS];
};

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct conn_inline_users);
} conn_inline SEC(".maps");

/* Tracepoints may use the storage of sockets since Linux 5.11, and so may iterators. */
#define HAS_SOCKET_STORAGE bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_sock_from_file)

struct conn_user_key {
	__u64 socket;
	__u64 birth_ns;
	__u32 tgid;
	__u32 reserved;
};

/* Users past the inline ones. User space reads and removes them at the end of the socket. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 131072);
	__type(key, struct conn_user_key);
	__type(value, struct conn_usage);
} conn_users SEC(".maps");

struct conn_flow_key {
	__u64 socket;
	__u64 birth_ns;
	__u8 remote_address[16];
	__u16 remote_port;
	__u16 local_port;
	__u8 protocol;
	__u8 family;
	__u8 reserved[2];
};

struct conn_flow {
	__u64 last_ns;
	__u64 bytes_sent;
	__u64 bytes_received;
	__u64 packets_sent;
	__u64 packets_received;
};

/* Flows of datagram and raw sockets. User space reads and removes them when they are idle or their socket ends. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 131072);
	__type(key, struct conn_flow_key);
	__type(value, struct conn_flow);
} conn_flows SEC(".maps");

struct conn_attempt {
	__u64 socket;
	__u64 ts_ns;
	__u32 remote_address[4];
	__u32 netns;
	__u16 remote_port;
	/* A SYN was sent. */
	__u8 progressed;
	/* It ended inside the system call, whose result is the reason. */
	__u8 failed;
	__u8 family;
	__u8 reserved[7];
};

/*
 * Connects that threads are in, by thread. LRU, because a connect through io_uring
 * has no end.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct conn_attempt);
} conn_attempts SEC(".maps");

static const struct conn_socket conn_zero_socket;

static __always_inline __u32 current_tid(void)
{
	return (__u32)bpf_get_current_pid_tgid();
}

static __always_inline void read_current(struct task_identity *id)
{
	READ_CURRENT_IDENTITY(id);
}

/* Fills the addresses and ports the kernel knows; what it has forgotten stays as it is. */
#define READ_TUPLE(target, sk)                                                                     \
	do {                                                                                       \
		__u16 family_ = BPF_CORE_READ(sk, __sk_common.skc_family);                         \
		__u16 port_ = BPF_CORE_READ(sk, __sk_common.skc_num);                              \
		(target)->netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);             \
		if (!port_)                                                                        \
			port_ = bpf_ntohs(BPF_CORE_READ((struct inet_sock *)(sk), inet_sport));    \
		if (port_)                                                                         \
			(target)->local_port = port_;                                              \
		port_ = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));                       \
		if (port_)                                                                         \
			(target)->remote_port = port_;                                             \
		if (family_ == AF_INET) {                                                          \
			(target)->family = 4;                                                      \
			bpf_core_read((target)->local_address, 4, &(sk)->__sk_common.skc_rcv_saddr); \
			bpf_core_read((target)->remote_address, 4, &(sk)->__sk_common.skc_daddr);  \
		} else if (family_ == AF_INET6) {                                                  \
			(target)->family = 6;                                                      \
			bpf_core_read((target)->local_address, 16,                                 \
				      &(sk)->__sk_common.skc_v6_rcv_saddr);                        \
			bpf_core_read((target)->remote_address, 16, &(sk)->__sk_common.skc_v6_daddr); \
		}                                                                                  \
	} while (0)

/*
 * The same of a socket the verifier knows, which takes a tenth of the time: plain
 * loads. Not the addresses of IPv6, which are arrays in a union.
 */
static __always_inline void load_tuple(struct conn_socket *to, struct sock *sk)
{
	__u16 family = sk->__sk_common.skc_family;
	__u16 port = sk->__sk_common.skc_num;

	to->netns = sk->__sk_common.skc_net.net->ns.inum;
	if (!port)
		port = bpf_ntohs(BPF_CORE_READ((struct inet_sock *)sk, inet_sport));
	if (port)
		to->local_port = port;
	port = bpf_ntohs(sk->__sk_common.skc_dport);
	if (port)
		to->remote_port = port;
	if (family == AF_INET) {
		to->family = 4;
		*(__u32 *)to->local_address = sk->__sk_common.skc_rcv_saddr;
		*(__u32 *)to->remote_address = sk->__sk_common.skc_daddr;
	} else if (family == AF_INET6) {
		to->family = 6;
		bpf_core_read(to->local_address, 16, &sk->__sk_common.skc_v6_rcv_saddr);
		bpf_core_read(to->remote_address, 16, &sk->__sk_common.skc_v6_daddr);
	}
}

static __always_inline void set_task(struct conn_event *event, const struct task_identity *id)
{
	event->start_time_ns = id->start_time_ns;
	event->tgid = id->tgid;
	event->tid = id->tid;
	event->uid = id->uid;
	event->gid = id->gid;
	__builtin_memcpy(event->comm, id->comm, COMM_SIZE);
}

static __always_inline void set_current(struct conn_event *event)
{
	struct task_identity id;

	read_current(&id);
	set_task(event, &id);
}

/* A record with nothing but its kind and time; NULL, counted, when the ring is full. */
static __always_inline struct conn_event *new_event(__u8 kind)
{
	struct conn_event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event) {
		COUNT(conn_lost_ring);
		return NULL;
	}
	__builtin_memset(event, 0, sizeof(*event));
	event->ts_ns = bpf_ktime_get_boot_ns();
	event->record_type = RECORD_CONNECTION;
	event->kind = kind;
	return event;
}

static __always_inline void submit(struct conn_event *event)
{
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
}

/* A record about a socket that is remembered. */
static __always_inline struct conn_event *socket_event(__u8 kind, __u64 key, const struct conn_socket *socket)
{
	struct conn_event *event = new_event(kind);

	if (!event)
		return NULL;
	event->socket = key;
	event->birth_ns = socket->birth_ns;
	event->opened_ns = socket->opened_ns;
	event->established_ns = socket->established_ns;
	event->netns = socket->netns;
	event->family = socket->family;
	event->protocol = socket->protocol;
	event->socket_type = socket->socket_type;
	event->flags = socket->flags;
	event->local_port = socket->local_port;
	event->remote_port = socket->remote_port;
	__builtin_memcpy(event->local_address, socket->local_address, 16);
	__builtin_memcpy(event->remote_address, socket->remote_address, 16);
	return event;
}

/* Remembers a socket from now on, in place of what was known under its address. */
static __always_inline struct conn_socket *remember(__u64 key, struct sock *sk, __u8 flags)
{
	struct conn_socket *socket;

	if (bpf_map_update_elem(&conn_sockets, &key, &conn_zero_socket, BPF_ANY)) {
		COUNT(conn_lost_socket);
		return NULL;
	}
	socket = bpf_map_lookup_elem(&conn_sockets, &key);
	if (!socket)
		return NULL;
	socket->birth_ns = bpf_ktime_get_boot_ns();
	socket->flags = flags;
	socket->protocol = BPF_CORE_READ(sk, sk_protocol);
	socket->socket_type = BPF_CORE_READ(sk, sk_type);
	READ_TUPLE(socket, sk);
	return socket;
}

/* Begins what is known of a TCP socket that changes its state now; it is to be stored. */
static __always_inline void begin_socket(struct conn_socket *socket, struct sock *sk, __u8 flags, __u8 state)
{
	__builtin_memset(socket, 0, sizeof(*socket));
	socket->birth_ns = bpf_ktime_get_boot_ns();
	socket->flags = flags;
	socket->state = state;
	socket->protocol = PROTO_TCP;
	socket->socket_type = SOCK_STREAM;
	load_tuple(socket, sk);
}

static __always_inline bool store_socket(__u64 key, const struct conn_socket *socket)
{
	if (!bpf_map_update_elem(&conn_sockets, &key, socket, BPF_ANY))
		return true;
	COUNT(conn_lost_socket);
	return false;
}

static __always_inline void set_opener(struct conn_socket *socket)
{
	read_current(&socket->opener);
}

static __always_inline void emit_usage(__u64 key, const struct conn_socket *socket,
				       const struct conn_inline_users *inline_users)
{
	for (int i = 0; i < INLINE_USERS; i++) {
		const struct conn_usage *usage = &inline_users->users[i].usage;
		struct conn_event *event;

		if (!usage->bytes_sent && !usage->bytes_received)
			continue;
		event = new_event(CONN_KIND_USAGE);
		if (!event)
			continue;
		event->socket = key;
		event->birth_ns = socket->birth_ns;
		event->bytes_sent = usage->bytes_sent;
		event->bytes_received = usage->bytes_received;
		set_task(event, &usage->id);
		submit(event);
	}
}

/* What the kernel counted of a TCP connection. Payload only: neither SYN nor FIN, and nothing twice. */
static __always_inline void read_counters(struct conn_event *event, struct sock *sk)
{
	struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sk);
	__u64 received;

	if (!tcp)
		return;
	received = tcp->bytes_received;
	event->bytes_sent = tcp->bytes_sent - tcp->bytes_retrans;
	/* A FIN that arrived was counted as an octet (tcp_rcv_nxt_update()). */
	if (received && sk->__sk_common.skc_flags & SOCK_DONE_FLAG)
		received--;
	event->bytes_received = received;
	event->packets_sent = tcp->segs_out;
	event->packets_received = tcp->segs_in;
	event->retransmits = tcp->total_retrans;
	event->rtt_us = tcp->srtt_us >> 3;
}

static __always_inline void on_syn_sent(__u64 key, struct sock *sk)
{
	struct conn_socket socket;
	struct conn_attempt *attempt;
	__u32 tid = current_tid();

	/* A socket may connect again after its first connection ended. */
	if (HAS_SOCKET_STORAGE)
		bpf_sk_storage_delete(&conn_inline, sk);
	attempt = bpf_map_lookup_elem(&conn_attempts, &tid);
	if (attempt && attempt->socket == key)
		attempt->progressed = 1;
	begin_socket(&socket, sk, 0, CONN_STATE_SYN_SENT);
	socket.opened_ns = socket.birth_ns;
	set_opener(&socket);
	store_socket(key, &socket);
}

/* A connection is open; who opened it is known, or it is to be accepted. */
static __always_inline void emit_open(__u8 kind, __u64 key, const struct conn_socket *socket, struct sock *sk)
{
	struct conn_event *event = socket_event(kind, key, socket);
	struct tcp_sock *tcp;

	if (!event)
		return;
	set_task(event, &socket->opener);
	tcp = bpf_skc_to_tcp_sock(sk);
	if (tcp) {
		event->send_sequence = tcp->snd_una;
		event->receive_sequence = tcp->rcv_nxt;
	}
	submit(event);
}

static __always_inline void on_established(__u64 key, struct sock *sk, struct conn_socket *socket, int old_state)
{
	/* A simultaneous open comes from SYN_SENT and is remembered. */
	bool is_passive = old_state == CONN_STATE_SYN_RECV && !(socket && socket->opened_ns);

	if (is_passive || !socket) {
		struct conn_socket made;

		begin_socket(&made, sk, is_passive ? CONN_FLAG_PASSIVE : CONN_FLAG_PREEXISTING, CONN_STATE_ESTABLISHED);
		made.established_ns = made.birth_ns;
		if (store_socket(key, &made))
			emit_open(is_passive ? CONN_KIND_PASSIVE : CONN_KIND_OPEN, key, &made, sk);
		return;
	}
	load_tuple(socket, sk);
	socket->state = CONN_STATE_ESTABLISHED;
	socket->established_ns = bpf_ktime_get_boot_ns();
	emit_open(socket->flags & CONN_FLAG_PASSIVE ? CONN_KIND_PASSIVE : CONN_KIND_OPEN, key, socket, sk);
}

/*
 * Tells what processes sent and received before the end of their socket. In nearly
 * all cases one did all, and closed: then the record of the end has room for it,
 * and its usage is returned.
 */
static __always_inline const struct conn_usage *tell_usages(__u64 key, const struct conn_socket *socket,
							    struct sock *sk)
{
	struct conn_inline_users *users = bpf_sk_storage_get(&conn_inline, sk, NULL, 0);
	const struct conn_usage *first;

	if (!users)
		return NULL;
	first = &users->users[0].usage;
	if (first->id.tgid == socket->closer.tgid && first->id.start_time_ns == socket->closer.start_time_ns &&
	    !users->users[1].tgid)
		return first;
	emit_usage(key, socket, users);
	return NULL;
}

static __always_inline void on_close(__u64 key, struct sock *sk, struct conn_socket *socket, int old_state)
{
	__u16 error = sk->sk_err;
	const struct conn_usage *usage = NULL;
	struct conn_event *event;

	if (old_state == CONN_STATE_SYN_SENT && !error) {
		__u32 tid = current_tid();
		struct conn_attempt *attempt = bpf_map_lookup_elem(&conn_attempts, &tid);

		/* Without an error only system calls end an attempt. Inside connect(2) its result is the reason. */
		if (attempt && attempt->socket == key) {
			attempt->failed = 1;
			if (socket)
				socket->state = CONN_STATE_CLOSE;
			return;
		}
	}
	if (!socket) {
		/* Orphans and sockets of the accept queue that are older than culprit, or the map was full. */
		socket = remember(key, sk, CONN_FLAG_PREEXISTING);
		if (!socket)
			return;
	} else if (socket->flags & CONN_FLAG_PREEXISTING || !socket->local_port) {
		load_tuple(socket, sk);
	}
	socket->state = CONN_STATE_CLOSE;
	/* Straight from an open state without an error: a system call aborts, with RST. */
	if (!error && (old_state == CONN_STATE_ESTABLISHED || old_state == CONN_STATE_CLOSE_WAIT ||
		       old_state == CONN_STATE_SYN_RECV || old_state == CONN_STATE_LISTEN ||
		       old_state == CONN_STATE_SYN_SENT) &&
	    !socket->closer.tgid)
		read_current(&socket->closer);
	if (HAS_SOCKET_STORAGE)
		usage = tell_usages(key, socket, sk);
	event = socket_event(old_state == CONN_STATE_SYN_SENT ? CONN_KIND_FAIL : CONN_KIND_CLOSE, key, socket);
	if (!event)
		return;
	event->old_state = old_state;
	event->error = error;
	set_task(event, old_state == CONN_STATE_SYN_SENT ? &socket->opener : &socket->closer);
	if (old_state != CONN_STATE_LISTEN)
		read_counters(event, sk);
	if (usage) {
		event->usage_sent = usage->bytes_sent;
		event->usage_received = usage->bytes_received;
	}
	submit(event);
}

/* A FIN went out or came in. Only system calls send the first one. */
static __always_inline void on_shutdown(struct conn_socket *socket, int new_state)
{
	if (!socket)
		return;
	socket->state = new_state;
	if (new_state == CONN_STATE_CLOSE_WAIT) {
		socket->flags |= CONN_FLAG_REMOTE_FIRST;
	} else if (new_state == CONN_STATE_FIN_WAIT1 || new_state == CONN_STATE_LAST_ACK) {
		if (new_state == CONN_STATE_FIN_WAIT1)
			socket->flags |= CONN_FLAG_LOCAL_FIRST;
		read_current(&socket->closer);
	}
}

static __always_inline void on_listen(__u64 key, struct sock *sk)
{
	struct conn_socket socket;
	struct conn_event *event;

	begin_socket(&socket, sk, 0, CONN_STATE_LISTEN);
	set_opener(&socket);
	if (!store_socket(key, &socket))
		return;
	event = socket_event(CONN_KIND_LISTEN, key, &socket);
	if (!event)
		return;
	set_task(event, &socket.opener);
	submit(event);
}

/* Returns false when it finds the transition worked on; of those that are no matter of ours that cannot be found. */
static __always_inline bool on_transition(struct sock *sk, int old_state, int new_state)
{
	struct conn_socket *socket;
	__u64 key = (__u64)sk;

	if (sk->sk_protocol != PROTO_TCP || old_state == new_state)
		return true;
	socket = bpf_map_lookup_elem(&conn_sockets, &key);
	if (socket && socket->state == new_state)
		return false;
	switch (new_state) {
	case CONN_STATE_SYN_SENT:
		on_syn_sent(key, sk);
		break;
	case CONN_STATE_ESTABLISHED:
		on_established(key, sk, socket, old_state);
		break;
	case CONN_STATE_CLOSE:
		on_close(key, sk, socket, old_state);
		break;
	case CONN_STATE_LISTEN:
		on_listen(key, sk);
		break;
	case CONN_STATE_SYN_RECV:
		/* A new socket: what is still known under its address is of another one. */
		if (old_state == CONN_STATE_LISTEN && socket)
			bpf_map_delete_elem(&conn_sockets, &key);
		else if (socket)
			socket->state = new_state;
		break;
	default:
		on_shutdown(socket, new_state);
	}
	return true;
}

struct conn_transition {
	__u64 socket;
	int new_state;
	__u32 reserved;
};

/* What conn_set_state worked on last on this CPU, until conn_set_again has seen it. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct conn_transition);
} conn_last SEC(".maps");

static __always_inline struct conn_transition *last_transition(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&conn_last, &zero);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(conn_set_state, struct sock *sk, int old_state, int new_state)
{
	struct conn_transition *last = last_transition();

	on_transition(sk, old_state, new_state);
	if (last) {
		last->socket = (__u64)sk;
		last->new_state = new_state;
	}
	return 0;
}

/*
 * The same again: the kernel leaves a run out when the program is running already on
 * that CPU, interrupted or preempted (Linux 6.2 and newer). Then this one works on
 * the transition and counts that it did; else it finds that done.
 */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(conn_set_again, struct sock *sk, int old_state, int new_state)
{
	struct conn_transition *last = last_transition();

	if (last && last->socket == (__u64)sk && last->new_state == new_state)
		last->socket = 0;
	else if (on_transition(sk, old_state, new_state))
		COUNT(conn_worked_again);
	return 0;
}

SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(conn_destroy, struct sock *sk)
{
	__u64 key = (__u64)sk;

	bpf_map_delete_elem(&conn_sockets, &key);
	return 0;
}

/* ---- connects that fail before a packet is sent ---- */

static __always_inline void begin_attempt(struct bpf_sock_addr *ctx, __u8 family)
{
	struct bpf_sock_addr_kern *kernel_ctx = (void *)ctx;
	struct conn_attempt attempt = {};
	struct sock *sk = BPF_CORE_READ(kernel_ctx, sk);
	__u32 tid = current_tid();

	attempt.socket = (__u64)sk;
	attempt.ts_ns = bpf_ktime_get_boot_ns();
	attempt.netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	attempt.family = family;
	attempt.remote_port = bpf_ntohs((__u16)ctx->user_port);
	if (family == 4) {
		attempt.remote_address[0] = ctx->user_ip4;
	} else {
		attempt.remote_address[0] = ctx->user_ip6[0];
		attempt.remote_address[1] = ctx->user_ip6[1];
		attempt.remote_address[2] = ctx->user_ip6[2];
		attempt.remote_address[3] = ctx->user_ip6[3];
	}
	bpf_map_update_elem(&conn_attempts, &tid, &attempt, BPF_ANY);
}

SEC("cgroup/connect4")
int conn_connect4(struct bpf_sock_addr *ctx)
{
	if (ctx->type == SOCK_STREAM)
		begin_attempt(ctx, 4);
	return 1;
}

SEC("cgroup/connect6")
int conn_connect6(struct bpf_sock_addr *ctx)
{
	if (ctx->type == SOCK_STREAM)
		begin_attempt(ctx, 6);
	return 1;
}

/* ---- results of system calls ---- */

/* The current task accepted a connection. */
static __always_inline void on_accepted(struct sock *sk)
{
	struct conn_socket *socket;
	struct conn_event *event;
	__u64 key = (__u64)sk;
	__u16 family;

	if (BPF_CORE_READ(sk, sk_protocol) != PROTO_TCP)
		return;
	family = BPF_CORE_READ(sk, __sk_common.skc_family);
	if (family != AF_INET && family != AF_INET6)
		return;
	event = new_event(CONN_KIND_ACCEPT);
	if (!event)
		return;
	event->socket = key;
	event->protocol = PROTO_TCP;
	event->socket_type = SOCK_STREAM;
	event->flags = CONN_FLAG_PASSIVE;
	event->old_state = BPF_CORE_READ(sk, __sk_common.skc_state);
	set_current(event);
	socket = bpf_map_lookup_elem(&conn_sockets, &key);
	if (socket && socket->flags & CONN_FLAG_PASSIVE) {
		event->netns = socket->netns;
		event->family = socket->family;
		event->local_port = socket->local_port;
		event->remote_port = socket->remote_port;
		__builtin_memcpy(event->local_address, socket->local_address, 16);
		__builtin_memcpy(event->remote_address, socket->remote_address, 16);
		/* Its first use then needs no record of its own. */
		if (!socket->opener.tgid)
			read_current(&socket->opener);
	} else {
		READ_TUPLE(event, sk);
	}
	submit(event);
}

/* The attempt of the current task, whose connect(2) ends now; NULL when there is none. */
static __always_inline struct conn_attempt *current_attempt(void)
{
	__u32 tid = current_tid();

	return bpf_map_lookup_elem(&conn_attempts, &tid);
}

/* Whether the result of a connect(2) is that of its attempt. */
static __always_inline bool is_failure(const struct conn_attempt *attempt, long result)
{
	return result < 0 && !CONNECT_GOES_ON(-result) && (!attempt->progressed || attempt->failed);
}

/* A connect(2) of the current task ended; sk is the socket it was about. */
static __always_inline void on_connected(const struct conn_attempt *attempt, struct sock *sk, long result)
{
	__u32 tid = current_tid();
	struct conn_event *event;

	/* An attempt that ended unseen must not get the result of a later call. */
	if (is_failure(attempt, result) && (__u64)sk == attempt->socket) {
		event = new_event(CONN_KIND_FAIL);
		if (event) {
			event->socket = attempt->socket;
			event->birth_ns = attempt->ts_ns;
			event->opened_ns = attempt->ts_ns;
			event->netns = attempt->netns;
			event->family = attempt->family;
			event->protocol = PROTO_TCP;
			event->socket_type = SOCK_STREAM;
			event->remote_port = attempt->remote_port;
			event->error = -result;
			event->old_state = attempt->progressed ? CONN_STATE_SYN_SENT : CONN_STATE_CLOSE;
			__builtin_memcpy(event->remote_address, attempt->remote_address, 16);
			set_current(event);
			submit(event);
		}
	}
	bpf_map_delete_elem(&conn_attempts, &tid);
}

/*
 * Whoever called accept(2): a system call of any kind, io_uring, the kernel itself. Not
 * inet_csk_accept, which may return a socket whose last transition is still to come.
 */
SEC("fexit/inet_accept")
int BPF_PROG(conn_accept, struct socket *listener, struct socket *accepted)
{
	struct sock *sk = accepted->sk;

	if (sk)
		on_accepted(sk);
	return 0;
}

SEC("fexit/inet_stream_connect")
int BPF_PROG(conn_connect, struct socket *sock, struct sockaddr *address, int size, int flags, int result)
{
	struct conn_attempt *attempt = current_attempt();

	if (attempt)
		on_connected(attempt, sock->sk, result);
	return 0;
}

/*
 * The same where the kernel has no fexit, at a price: every system call of the host
 * takes the traced path. A raw tracepoint of all system calls and not those of the
 * few: it needs no tracefs, which not every host has mounted, and the switch that
 * makes system calls take the traced path is the same.
 */
SEC("tp_btf/sys_exit")
int BPF_PROG(conn_sys_exit, struct pt_regs *regs, long result)
{
	struct conn_attempt *attempt;
	struct task_struct *task;
	long number = call_number(regs);
	struct sock *sk;

	if (number != NR_CONNECT && number != NR_ACCEPT && number != NR_ACCEPT4)
		return 0;
	task = (struct task_struct *)bpf_get_current_task();
	if (is_compat_call(task))
		return 0;
	if (number == NR_CONNECT) {
		attempt = current_attempt();
		if (attempt)
			on_connected(attempt,
				     is_failure(attempt, result) ? socket_of_descriptor(task, call_argument(regs, 0)) : NULL,
				     result);
	} else if (result >= 0) {
		sk = socket_of_descriptor(task, result);
		if (sk)
			on_accepted(sk);
	}
	return 0;
}

/* ---- octets by process ---- */

/* Tells who uses a socket, once. The time of the record is that of the first use. */
static __always_inline void emit_user(__u64 key, __u64 birth_ns, const struct task_identity *id)
{
	struct conn_event *event = new_event(CONN_KIND_USER);

	if (!event)
		return;
	event->socket = key;
	event->birth_ns = birth_ns;
	set_task(event, id);
	submit(event);
}

static __always_inline void add_usage(struct conn_usage *usage, __u64 size, bool is_sent)
{
	if (is_sent)
		__sync_fetch_and_add(&usage->bytes_sent, size);
	else
		__sync_fetch_and_add(&usage->bytes_received, size);
}

/* Counts for a process that has no inline slot. */
static __always_inline void count_in_map(__u64 key, struct conn_socket *socket, __u32 tgid, __u64 size, bool is_sent)
{
	struct conn_user_key user = { .socket = key, .birth_ns = socket->birth_ns, .tgid = tgid };
	struct conn_usage *usage = bpf_map_lookup_elem(&conn_users, &user);

	if (!usage) {
		struct conn_usage first = {};

		read_current(&first.id);
		if (!bpf_map_update_elem(&conn_users, &user, &first, BPF_NOEXIST))
			emit_user(key, socket->birth_ns, &first.id);
		usage = bpf_map_lookup_elem(&conn_users, &user);
		if (!usage) {
			COUNT(conn_lost_user);
			return;
		}
	}
	add_usage(usage, size, is_sent);
}

static __always_inline bool is_inet(struct sock *sk)
{
	__u16 family = sk->__sk_common.skc_family;

	return family == AF_INET || family == AF_INET6;
}

/*
 * The current process uses a socket for the first time: takes a free slot or, where
 * there is none, an entry of the map. Compare and exchange is in Linux 5.12; these
 * tracepoints are younger.
 */
static __always_inline int claim_slot(__u64 key, struct conn_inline_users *users, int size, bool is_sent)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct conn_socket *socket = bpf_map_lookup_elem(&conn_sockets, &key);

	if (!socket || !users)
		return 0;
	for (int i = 0; i < INLINE_USERS; i++) {
		struct conn_user_slot *slot = &users->users[i];
		struct task_identity id;

		if (__sync_val_compare_and_swap(&slot->tgid, 0, tgid))
			continue;
		read_current(&id);
		slot->usage.id = id;
		add_usage(&slot->usage, size, is_sent);
		/* Who opened or accepted is known, and its usage told at the end. */
		if (socket->opener.tgid != tgid)
			emit_user(key, socket->birth_ns, &id);
		return 0;
	}
	count_in_map(key, socket, tgid, size, is_sent);
	return 0;
}

static __always_inline int count_length(struct sock *sk, int size, int flags, bool is_sent)
{
	struct conn_inline_users *users;
	__u32 tgid;

	if (size <= 0 || !is_inet(sk) || (!is_sent && flags & (MSG_PEEK | MSG_ERRQUEUE)))
		return 0;
	users = bpf_sk_storage_get(&conn_inline, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (!users) {
		COUNT(conn_lost_user);
		return 0;
	}
	tgid = bpf_get_current_pid_tgid() >> 32;
	if (users->users[0].tgid == tgid)
		add_usage(&users->users[0].usage, size, is_sent);
	else if (users->users[1].tgid == tgid)
		add_usage(&users->users[1].usage, size, is_sent);
	else
		claim_slot((__u64)sk, users, size, is_sent);
	return 0;
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(conn_send, struct sock *sk, int size, int flags)
{
	return count_length(sk, size, flags, true);
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(conn_receive, struct sock *sk, int size, int flags)
{
	return count_length(sk, size, flags, false);
}

/* Before Linux 6.3: always the map. */
static __always_inline int count_call(struct socket *sock, int size, int flags, bool is_sent)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct conn_socket *socket;
	__u64 key = (__u64)BPF_CORE_READ(sock, sk);

	if (size <= 0 || (!is_sent && flags & (MSG_PEEK | MSG_ERRQUEUE)))
		return 0;
	socket = bpf_map_lookup_elem(&conn_sockets, &key);
	if (!socket)
		return 0;
	count_in_map(key, socket, tgid, size, is_sent);
	return 0;
}

SEC("fexit/inet_sendmsg")
int BPF_PROG(conn_sendmsg4, struct socket *sock, struct msghdr *message, size_t size, int result)
{
	return count_call(sock, result, 0, true);
}

SEC("fexit/inet6_sendmsg")
int BPF_PROG(conn_sendmsg6, struct socket *sock, struct msghdr *message, size_t size, int result)
{
	return count_call(sock, result, 0, true);
}

SEC("fexit/inet_recvmsg")
int BPF_PROG(conn_recvmsg4, struct socket *sock, struct msghdr *message, size_t size, int flags, int result)
{
	return count_call(sock, result, flags, false);
}

SEC("fexit/inet6_recvmsg")
int BPF_PROG(conn_recvmsg6, struct socket *sock, struct msghdr *message, size_t size, int flags, int result)
{
	return count_call(sock, result, flags, false);
}

/* ---- datagram and raw sockets, bind ---- */

static __always_inline int bound(struct bpf_sock *ctx)
{
	/* The verifier lets nobody keep a socket pointer as a number; read from memory it is one. */
	struct sock *sk = BPF_CORE_READ((struct sock *)ctx, sk_socket, sk);
	__u64 key = (__u64)sk;
	struct conn_socket *socket = NULL;
	struct conn_event *event;
	struct task_identity id;

	if (!sk)
		return 1;
	if (ctx->type != SOCK_STREAM) {
		socket = remember(key, sk, 0);
		if (socket)
			set_opener(socket);
	}
	event = new_event(CONN_KIND_BIND);
	if (!event)
		return 1;
	event->socket = key;
	event->birth_ns = socket ? socket->birth_ns : event->ts_ns;
	event->protocol = BPF_CORE_READ(sk, sk_protocol);
	event->socket_type = ctx->type;
	READ_TUPLE(event, sk);
	read_current(&id);
	set_task(event, &id);
	submit(event);
	return 1;
}

SEC("cgroup/post_bind4")
int conn_post_bind4(struct bpf_sock *ctx)
{
	return bound(ctx);
}

SEC("cgroup/post_bind6")
int conn_post_bind6(struct bpf_sock *ctx)
{
	return bound(ctx);
}

SEC("cgroup/sock_release")
int conn_release(struct bpf_sock *ctx)
{
	struct conn_inline_users *users;
	struct conn_socket *socket;
	struct conn_event *event;
	struct task_identity id;
	__u64 key;

	/* The end of a TCP socket comes later, when the other end knows. */
	if (ctx->type == SOCK_STREAM)
		return 1;
	key = (__u64)BPF_CORE_READ((struct sock *)ctx, sk_socket, sk);
	socket = bpf_map_lookup_elem(&conn_sockets, &key);
	if (!socket)
		return 1;
	users = bpf_sk_storage_get(&conn_inline, ctx, NULL, 0);
	if (users)
		emit_usage(key, socket, users);
	event = socket_event(CONN_KIND_RELEASE, key, socket);
	if (event) {
		read_current(&id);
		set_task(event, &id);
		submit(event);
	}
	bpf_map_delete_elem(&conn_sockets, &key);
	return 1;
}

/* Where a packet goes to or comes from, as flows are told apart. */
struct packet {
	__u8 source[16];
	__u8 destination[16];
	__u32 payload_size;
	__u16 source_port;
	__u16 destination_port;
	__u8 family;
	__u8 protocol;
};

/* Extension headers are not walked: a raw IPv6 packet with some counts under the first one's number. */
static __always_inline bool parse_packet(struct __sk_buff *skb, struct packet *packet)
{
	__u8 header[20] __attribute__((aligned(4)));
	__u16 ports[2];
	__u32 offset;

	if (bpf_skb_load_bytes(skb, 0, header, sizeof(header)))
		return false;
	if (header[0] >> 4 == 4) {
		packet->family = 4;
		packet->protocol = header[9];
		offset = (header[0] & 15) * 4;
		__builtin_memcpy(packet->source, header + 12, 4);
		__builtin_memcpy(packet->destination, header + 16, 4);
	} else if (header[0] >> 4 == 6) {
		packet->family = 6;
		packet->protocol = header[6];
		offset = 40;
		if (bpf_skb_load_bytes(skb, 8, packet->source, 16) ||
		    bpf_skb_load_bytes(skb, 24, packet->destination, 16))
			return false;
	} else {
		return false;
	}
	if (skb->len < offset)
		return false;
	packet->payload_size = skb->len - offset;
	if (packet->protocol == PROTO_UDP || packet->protocol == PROTO_UDPLITE) {
		if (bpf_skb_load_bytes(skb, offset, ports, sizeof(ports)))
			return false;
		packet->source_port = bpf_ntohs(ports[0]);
		packet->destination_port = bpf_ntohs(ports[1]);
		if (packet->payload_size >= UDP_HEADER_SIZE)
			packet->payload_size -= UDP_HEADER_SIZE;
	}
	return true;
}

static __always_inline void emit_flow(__u64 key, struct conn_socket *socket, const struct packet *packet, bool is_egress)
{
	struct conn_event *event = socket_event(CONN_KIND_FLOW, key, socket);

	if (!event)
		return;
	event->family = packet->family;
	event->protocol = packet->protocol;
	event->local_port = is_egress ? packet->source_port : packet->destination_port;
	event->remote_port = is_egress ? packet->destination_port : packet->source_port;
	__builtin_memcpy(event->local_address, is_egress ? packet->source : packet->destination, 16);
	__builtin_memcpy(event->remote_address, is_egress ? packet->destination : packet->source, 16);
	if (is_egress) {
		struct task_identity id;

		read_current(&id);
		set_task(event, &id);
	} else {
		event->flags |= CONN_FLAG_INGRESS;
		set_task(event, &socket->opener);
	}
	submit(event);
}

static __always_inline int count_packet(struct __sk_buff *skb, bool is_egress)
{
	struct sk_buff *kernel_skb = (struct sk_buff *)skb;
	struct conn_flow_key flow_key = {};
	struct packet packet = {};
	struct conn_socket *socket;
	struct conn_flow *flow;
	struct bpf_sock *sk = skb->sk;
	struct sock *kernel_sk;
	__u32 packets;
	bool is_raw;
	__u64 key;

	if (!sk)
		return 1;
	sk = bpf_sk_fullsock(sk);
	if (!sk || sk->type == SOCK_STREAM)
		return 1;
	is_raw = sk->type == SOCK_RAW;
	kernel_sk = BPF_CORE_READ(kernel_skb, sk);
	key = (__u64)kernel_sk;
	socket = bpf_map_lookup_elem(&conn_sockets, &key);
	if (!socket) {
		/* A raw socket receives a copy of what others receive: only its own flows count. */
		if (is_raw && !is_egress)
			return 1;
		/* Sockets of the kernel have no file. */
		if (!BPF_CORE_READ(kernel_sk, sk_socket, file))
			return 1;
		socket = remember(key, kernel_sk, is_egress ? 0 : CONN_FLAG_PREEXISTING);
		if (!socket)
			return 1;
		/* A datagram leaves in the context of its sender, which is the first to use a socket nobody bound. */
		if (is_egress)
			set_opener(socket);
	}
	if (!parse_packet(skb, &packet))
		return 1;
	flow_key.socket = key;
	flow_key.birth_ns = socket->birth_ns;
	flow_key.protocol = packet.protocol;
	flow_key.family = packet.family;
	flow_key.local_port = is_egress ? packet.source_port : packet.destination_port;
	flow_key.remote_port = is_egress ? packet.destination_port : packet.source_port;
	__builtin_memcpy(flow_key.remote_address, is_egress ? packet.destination : packet.source, 16);
	flow = bpf_map_lookup_elem(&conn_flows, &flow_key);
	if (!flow) {
		struct conn_flow first = {};

		if (is_raw && !is_egress)
			return 1;
		if (!bpf_map_update_elem(&conn_flows, &flow_key, &first, BPF_NOEXIST))
			emit_flow(key, socket, &packet, is_egress);
		flow = bpf_map_lookup_elem(&conn_flows, &flow_key);
		if (!flow) {
			COUNT(conn_lost_flow);
			return 1;
		}
	}
	packets = skb->gso_segs ? skb->gso_segs : 1;
	flow->last_ns = bpf_ktime_get_boot_ns();
	if (is_egress) {
		__sync_fetch_and_add(&flow->bytes_sent, packet.payload_size);
		__sync_fetch_and_add(&flow->packets_sent, packets);
	} else {
		__sync_fetch_and_add(&flow->bytes_received, packet.payload_size);
		__sync_fetch_and_add(&flow->packets_received, packets);
	}
	return 1;
}

SEC("cgroup_skb/egress")
int conn_egress(struct __sk_buff *skb)
{
	return count_packet(skb, true);
}

SEC("cgroup_skb/ingress")
int conn_ingress(struct __sk_buff *skb)
{
	return count_packet(skb, false);
}

/* ---- what was there before ---- */

/* Runs once at start: every process that holds a socket already, in all network namespaces. */
SEC("iter/task_file")
int conn_holders(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct conn_socket *socket;
	struct conn_event *event;
	struct task_identity id;
	struct sock *sk;
	__u16 family;
	__u64 key;

	if (!task || !file)
		return 0;
	sk = socket_of_file(file);
	if (!sk)
		return 0;
	family = BPF_CORE_READ(sk, __sk_common.skc_family);
	if (family != AF_INET && family != AF_INET6)
		return 0;
	key = (__u64)sk;
	socket = bpf_map_lookup_elem(&conn_sockets, &key);
	if (!socket) {
		socket = remember(key, sk, CONN_FLAG_PREEXISTING);
		if (!socket)
			return 0;
	}
	event = socket_event(CONN_KIND_HOLDER, key, socket);
	if (!event)
		return 0;
	event->old_state = BPF_CORE_READ(sk, __sk_common.skc_state);
	read_identity(&id, task);
	set_task(event, &id);
	submit(event);
	return 0;
}

/* ---- what lives ---- */

struct bpf_iter__bpf_sk_storage_map {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	struct sock *sk;
	void *value;
} __attribute__((preserve_access_index));

/* Visits conn_inline: all sockets with traffic since culprit came, in all network namespaces. */
SEC("iter/bpf_sk_storage_map")
int conn_usages(struct bpf_iter__bpf_sk_storage_map *ctx)
{
	struct conn_inline_users *users = ctx->value;
	struct sock *sk = ctx->sk;

	if (!sk || !users)
		return 0;
	for (int i = 0; i < INLINE_USERS; i++) {
		struct conn_live live = {};

		live.tgid = users->users[i].tgid;
		if (!live.tgid)
			break;
		live.socket = (__u64)sk;
		live.bytes_sent = users->users[i].usage.bytes_sent;
		live.bytes_received = users->users[i].usage.bytes_received;
		bpf_seq_write(ctx->meta->seq, &live, sizeof(live));
	}
	return 0;
}

struct bpf_iter__bpf_map_elem {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	void *key;
	void *value;
} __attribute__((preserve_access_index));

/*
 * Visits conn_sockets: the TCP sockets that live. A socket gets its last state after
 * that was told. Of one that was freed unseen the memory is one of a closed socket,
 * of another one, or of something else: its ports differ.
 */
SEC("iter/bpf_map_elem")
int conn_survivors(struct bpf_iter__bpf_map_elem *ctx)
{
	struct conn_socket *socket = ctx->value;
	struct conn_survivor survivor = {};
	__u64 *key = ctx->key;
	struct sock *sk;

	if (!key || !socket || socket->protocol != PROTO_TCP)
		return 0;
	sk = (struct sock *)*key;
	if (BPF_CORE_READ(sk, __sk_common.skc_state) == CONN_STATE_CLOSE ||
	    bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport)) != socket->remote_port)
		return 0;
	survivor.socket = *key;
	survivor.birth_ns = socket->birth_ns;
	bpf_seq_write(ctx->meta->seq, &survivor, sizeof(survivor));
	return 0;
}
