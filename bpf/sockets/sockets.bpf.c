// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * Socket iterators: a snapshot of all sockets and of who holds them. Nothing is
 * attached to an event; each program runs once when its iterator is read.
 *
 *  - iter/task_file (Linux 5.8): every descriptor of a socket, in all network
 *    namespaces in one pass: the holders. One program for IP and packet sockets,
 *    one for unix sockets, which are many and seldom asked for.
 *  - iter/tcp, iter/udp (Linux 5.9), iter/unix (Linux 5.15): every socket of the
 *    network namespace the iterator was created in, also what no descriptor
 *    refers to: TIME_WAIT, connections not accepted, sockets of the kernel,
 *    descriptors in flight between processes.
 *
 * A record is written with one bpf_seq_write: when the buffer is full the kernel
 * drops it and shows the object again on the next read.
 *
 * Misses: SCTP and raw sockets without descriptor (there is no iterator of them).
 */
#include "event.h"

#include "kernel.h"

#include <bpf/bpf_endian.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define AF_PACKET 17
#define SOCK_STREAM 1
#define PROTO_TCP 6
#define STATE_TIME_WAIT 6
#define STATE_LISTEN 10
#define STATE_NEW_SYN_RECV 12
#define SOCKFS_MAGIC 0x534F434B
/* Bit 0 of enum sock_flags: no process will use the socket again. */
#define SOCK_DEAD_MASK 1
#define UNIX_PATH_SIZE 108

enum sockets_source {
	SOCKETS_SOURCE_FILE = 0,
	SOCKETS_SOURCE_TABLE = 1,
};

enum sockets_flag {
	/* A struct file refers to it: some process holds it, or it is in flight. */
	SOCKETS_FLAG_FILE = 1,
	/* Closed by its last holder; the kernel finishes the connection. */
	SOCKETS_FLAG_DEAD = 2,
	/* It has a struct socket: without a file it is the kernel's own. */
	SOCKETS_FLAG_SOCKET = 4,
};

#pragma clang diagnostic push
#pragma clang diagnostic error "-Wpadded"

/* Addresses are octets, so that user space does not read them as numbers, which hold 53 bits. */
struct sockets_record {
	/* Identifies the socket within one snapshot. */
	__u8 socket_id[8];
	/* Of a connection in the middle of its handshake: its listener. */
	__u8 listener_id[8];
	__u64 inode;
	__u64 start_time_ns;
	__u32 netns;
	__u32 tgid;
	__u32 fd;
	__u32 uid;
	__u32 receive_queue;
	__u32 send_queue;
	__u16 family;
	__u16 type;
	__u16 protocol;
	__u16 local_port;
	__u16 remote_port;
	__u8 state;
	__u8 flags;
	__u8 source;
	__u8 reserved[3];
	__u8 comm[COMM_SIZE];
	__u8 local_address[16];
	__u8 remote_address[16];
};

/* Stands for a socket with a file, which iter/task_file describes in full. Told from a full record by its first octets. */
struct sockets_brief {
	__u64 zero;
	__u8 socket_id[8];
	__u64 inode;
	__u32 netns;
	__u32 reserved;
};

struct sockets_unix {
	__u8 socket_id[8];
	__u8 peer_id[8];
	__u64 inode;
	__u64 start_time_ns;
	__u32 netns;
	__u32 tgid;
	__u32 fd;
	__u32 uid;
	__u32 receive_queue;
	__u32 send_queue;
	__u16 type;
	__u16 path_size;
	__u8 state;
	__u8 flags;
	__u8 source;
	__u8 reserved;
	__u8 comm[COMM_SIZE];
	__u8 path[112];
};

#pragma clang diagnostic pop

EVENT_LAYOUT(sockets_record);
EVENT_LAYOUT(sockets_brief);
EVENT_LAYOUT(sockets_unix);
ENUM_LAYOUT(sockets_source);
ENUM_LAYOUT(sockets_flag);

static __always_inline void write_id(__u8 *id, const void *sk)
{
	*(__u64 *)id = (__u64)sk;
}

/*
 * Most pointers here are known to the verifier, which lets them be read directly, several times faster than by helper.
 * Those that are not (Linux 5.10, unix sockets) are read with BPF_CORE_READ. `direct` is a constant everywhere.
 */
#define READ(pointer, field) (direct ? (pointer)->field : BPF_CORE_READ(pointer, field))

/* The addresses of any socket, also of request and TIME_WAIT ones, which are only a struct sock_common. */
static __always_inline void read_common(struct sockets_record *record, struct sock_common *common, bool direct)
{
	record->family = READ(common, skc_family);
	record->state = READ(common, skc_state);
	record->netns = direct ? common->skc_net.net->ns.inum : BPF_CORE_READ(common, skc_net.net, ns.inum);
	record->local_port = READ(common, skc_num);
	record->remote_port = bpf_ntohs(READ(common, skc_dport));
	if (record->family == AF_INET) {
		*(__u32 *)record->local_address = READ(common, skc_rcv_saddr);
		*(__u32 *)record->remote_address = READ(common, skc_daddr);
	} else if (record->family == AF_INET6 && bpf_core_field_exists(common->skc_v6_daddr)) {
		bpf_core_read(record->local_address, 16, &common->skc_v6_rcv_saddr);
		bpf_core_read(record->remote_address, 16, &common->skc_v6_daddr);
	}
}

static __always_inline __u8 read_flags(struct sock *sk, __u64 *inode, bool direct)
{
	struct socket *socket = READ(sk, sk_socket);
	struct file *file;
	__u8 flags = 0;

	if (READ(sk, __sk_common.skc_flags) & SOCK_DEAD_MASK)
		flags |= SOCKETS_FLAG_DEAD;
	if (!socket)
		return flags;
	flags |= SOCKETS_FLAG_SOCKET;
	file = READ(socket, file);
	if (!file)
		return flags;
	*inode = direct ? file->f_inode->i_ino : BPF_CORE_READ(file, f_inode, i_ino);
	return flags | SOCKETS_FLAG_FILE;
}

static __always_inline void read_sock(struct sockets_record *record, struct sock *sk, bool direct)
{
	struct sock___queues *queues = (void *)sk;
	struct tcp_sock___queues *tcp;

	write_id(record->socket_id, sk);
	read_common(record, (struct sock_common *)sk, direct);
	record->type = READ(sk, sk_type);
	record->protocol = READ(sk, sk_protocol);
	record->uid = READ(queues, sk_uid.val);
	record->flags = read_flags(sk, &record->inode, direct);
	if (record->state == STATE_LISTEN) {
		record->receive_queue = READ(queues, sk_ack_backlog);
		record->send_queue = READ(queues, sk_max_ack_backlog);
	} else if (record->protocol == PROTO_TCP) {
		tcp = direct ? (void *)bpf_skc_to_tcp_sock(sk) : (void *)sk;
		if (!tcp)
			return;
		record->receive_queue = READ(tcp, rcv_nxt) - READ(tcp, copied_seq);
		record->send_queue = READ(tcp, write_seq) - READ(tcp, snd_una);
	} else {
		record->receive_queue = READ(queues, sk_backlog.rmem_alloc.counter);
		/* One unit is the socket's own reference. */
		record->send_queue = READ(queues, sk_wmem_alloc.refs.counter) - 1;
	}
}

static __always_inline void read_unix(struct sockets_unix *record, struct sock *sk)
{
	struct unix_sock *local = (void *)sk;
	struct sock___queues *queues = (void *)sk;
	struct unix_address *address = BPF_CORE_READ(local, addr);

	write_id(record->socket_id, sk);
	write_id(record->peer_id, BPF_CORE_READ(local, peer));
	record->netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	record->type = BPF_CORE_READ(sk, sk_type);
	record->state = BPF_CORE_READ(sk, __sk_common.skc_state);
	record->uid = BPF_CORE_READ(queues, sk_uid.val);
	record->flags = read_flags(sk, &record->inode, false);
	record->receive_queue = BPF_CORE_READ(queues, sk_backlog.rmem_alloc.counter);
	record->send_queue = BPF_CORE_READ(queues, sk_wmem_alloc.refs.counter) - 1;
	if (record->state == STATE_LISTEN) {
		record->receive_queue = BPF_CORE_READ(queues, sk_ack_backlog);
		record->send_queue = BPF_CORE_READ(queues, sk_max_ack_backlog);
	}
	if (address) {
		/* The length counts the family, which precedes the path. */
		__u32 size = BPF_CORE_READ(address, len) - 2;

		/* The kernel counts a NUL after a path that leaves no room for one. */
		if (size > UNIX_PATH_SIZE)
			size = UNIX_PATH_SIZE;
		if (!bpf_core_read(record->path, size, &address->name[0].sun_path))
			record->path_size = size;
	}
}

/* Linux 5.11; Debian's 5.10 has it not. Where it is there, sockets found through it can be read directly. */
#define HAS_SOCK_FROM_FILE bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_sock_from_file)

/* The socket behind a descriptor; NULL when it is no socket. */
static __always_inline struct sock *known_sock(struct file *file)
{
	struct socket *socket = bpf_sock_from_file(file);

	return socket ? socket->sk : NULL;
}

/* The same without the helper: what lies in the kernel's file system of sockets is one. */
static __always_inline struct sock *found_sock(struct file *file)
{
	struct super_block___magic *super = (void *)BPF_CORE_READ(file, f_inode, i_sb);
	struct socket *socket;

	if (BPF_CORE_READ(super, s_magic) != SOCKFS_MAGIC)
		return NULL;
	/* Empty when it was opened with O_PATH. */
	socket = BPF_CORE_READ(file, private_data);
	return socket ? BPF_CORE_READ(socket, sk) : NULL;
}

#define READ_HOLDER(record, task, descriptor)                                                      \
	do {                                                                                       \
		(record).source = SOCKETS_SOURCE_FILE;                                             \
		(record).tgid = (task)->tgid;                                                      \
		(record).fd = (descriptor);                                                        \
		(record).start_time_ns = (task)->group_leader->start_boottime;                     \
		bpf_core_read((record).comm, COMM_SIZE, &(task)->comm);                            \
	} while (0)

static __always_inline bool is_listed_family(__u16 family)
{
	return family == AF_INET || family == AF_INET6 || family == AF_PACKET;
}

SEC("iter/task_file")
int sockets_files(struct bpf_iter__task_file *ctx)
{
	struct sockets_record record = {};
	/* Read once: the verifier knows nothing of a second read. */
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct sock *sk;

	if (!task || !file)
		return 0;
	if (HAS_SOCK_FROM_FILE) {
		sk = known_sock(file);
		if (!sk || !is_listed_family(sk->__sk_common.skc_family))
			return 0;
		read_sock(&record, sk, true);
	} else {
		sk = found_sock(file);
		if (!sk || !is_listed_family(BPF_CORE_READ(sk, __sk_common.skc_family)))
			return 0;
		read_sock(&record, sk, false);
	}
	READ_HOLDER(record, task, ctx->fd);
	bpf_seq_write(ctx->meta->seq, &record, sizeof(record));
	return 0;
}

SEC("iter/task_file")
int sockets_ufiles(struct bpf_iter__task_file *ctx)
{
	struct sockets_unix record = {};
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct sock *sk;

	if (!task || !file)
		return 0;
	sk = HAS_SOCK_FROM_FILE ? known_sock(file) : found_sock(file);
	if (!sk || BPF_CORE_READ(sk, __sk_common.skc_family) != AF_UNIX)
		return 0;
	read_unix(&record, sk);
	READ_HOLDER(record, task, ctx->fd);
	bpf_seq_write(ctx->meta->seq, &record, sizeof(record));
	return 0;
}

static __always_inline void write_brief(struct seq_file *seq, struct sockets_record *record)
{
	struct sockets_brief brief = { .inode = record->inode, .netns = record->netns };

	__builtin_memcpy(brief.socket_id, record->socket_id, sizeof(brief.socket_id));
	bpf_seq_write(seq, &brief, sizeof(brief));
}

/* One record for each socket of the table; brief ones where they do. */
static __always_inline int list_tcp(struct bpf_iter__tcp *ctx, bool briefly)
{
	struct sockets_record record = {};
	struct sock_common *common = ctx->sk_common;
	struct sock *sk;
	__u8 state;

	if (!common)
		return 0;
	state = common->skc_state;
	if (state == STATE_TIME_WAIT || state == STATE_NEW_SYN_RECV) {
		read_common(&record, common, true);
		write_id(record.socket_id, common);
		record.protocol = PROTO_TCP;
		record.type = SOCK_STREAM;
		if (state == STATE_NEW_SYN_RECV) {
			struct sock_common___request *request = (void *)common;

			write_id(record.listener_id, request->skc_listener);
		}
	} else {
		sk = (struct sock *)bpf_skc_to_tcp_sock(common);
		if (!sk)
			return 0;
		if (briefly && read_flags(sk, &record.inode, true) & SOCKETS_FLAG_FILE) {
			write_id(record.socket_id, sk);
			record.netns = common->skc_net.net->ns.inum;
			write_brief(ctx->meta->seq, &record);
			return 0;
		}
		read_sock(&record, sk, true);
	}
	record.source = SOCKETS_SOURCE_TABLE;
	bpf_seq_write(ctx->meta->seq, &record, sizeof(record));
	return 0;
}

SEC("iter/tcp")
int sockets_tcp(struct bpf_iter__tcp *ctx)
{
	return list_tcp(ctx, false);
}

SEC("iter/tcp")
int sockets_tbrief(struct bpf_iter__tcp *ctx)
{
	return list_tcp(ctx, true);
}

SEC("iter/udp")
int sockets_udp(struct bpf_iter__udp *ctx)
{
	struct sockets_record record = {};
	struct sock *sk = (struct sock *)ctx->udp_sk;

	if (!sk)
		return 0;
	read_sock(&record, sk, true);
	record.source = SOCKETS_SOURCE_TABLE;
	bpf_seq_write(ctx->meta->seq, &record, sizeof(record));
	return 0;
}

SEC("iter/unix")
int sockets_utable(struct bpf_iter__unix *ctx)
{
	struct sockets_unix record = {};
	struct sock *sk = (struct sock *)ctx->unix_sk;

	if (!sk)
		return 0;
	read_unix(&record, sk);
	record.source = SOCKETS_SOURCE_TABLE;
	bpf_seq_write(ctx->meta->seq, &record, sizeof(record));
	return 0;
}
