// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * DNS sensor: copies every datagram and TCP segment that carries, or may carry,
 * a DNS message, together with the task that owns its socket.
 *
 * Hooks (Linux 5.10 and newer, BTF):
 *  - cgroup_skb egress and ingress at the root of cgroup v2: every IP packet of
 *    every socket in every network namespace, whole (before fragmentation, after
 *    reassembly), after the kernel copied it from user memory.
 *  - cgroup/post_bind4,6 and cgroup/connect4,6: first owner of servers and TCP
 *    clients. Sockets made by accept() inherit their listener's entry.
 *  - tp_btf/net_dev_queue: packets sent through AF_PACKET, which no cgroup sees.
 *  - iter/task_file: owners of sockets older than culprit (Linux 6.1 and newer;
 *    before, user space maps socket inodes to processes).
 *
 * On egress of a datagram the current task is its sender. A TCP segment may leave
 * in a softirq: there the current task counts only while it holds the socket
 * lock; else the last known owner is reported.
 *
 * Misses: AF_PACKET senders with PACKET_QDISC_BYPASS or PACKET_TX_RING, AF_XDP and
 * other kernel bypass; DNS over TCP on an unusual port when its first segments came before
 * culprit; encrypted DNS (DoT, DoH, DoQ).
 */
#include "event.h"

#include <bpf/bpf_endian.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define AF_INET 2
#define AF_INET6 10
#define AF_PACKET 17
#define SOCK_STREAM 1
#define SOCK_RAW 3
#define PROTO_HOPOPTS 0
#define PROTO_TCP 6
#define PROTO_UDP 17
#define PROTO_ROUTING 43
#define PROTO_FRAGMENT 44
#define PROTO_AUTH 51
#define PROTO_DSTOPTS 60
#define ETH_P_IPV4 0x0800
#define ETH_P_IPV6 0x86dd

#define UDP_HEADER_SIZE 8
#define DNS_HEADER_SIZE 12
/* Header, a root or one-letter name, type and class: nothing shorter is looked at on unusual ports. */
#define DNS_MESSAGE_MIN 17
/* Smallest resource record: root name, type, class, TTL, RDLENGTH. */
#define DNS_RECORD_MIN 11
#define EXTENSION_HEADERS_MAX 8
#define PORTS_MAX 16

#define PAYLOAD_MAX 65536
#define FRAME_PAYLOAD_MAX 9216

enum dns_direction {
	DNS_DIRECTION_INGRESS = 0,
	DNS_DIRECTION_EGRESS = 1,
};

enum dns_transport {
	DNS_TRANSPORT_UDP = 0,
	DNS_TRANSPORT_TCP = 1,
	DNS_TRANSPORT_PACKET = 2,
};

/* How the owner is known, weakest first. */
enum dns_owner {
	DNS_OWNER_NONE = 0,
	/* Held the socket when culprit started. */
	DNS_OWNER_HOLDER = 1,
	/* Bound or connected the socket, or the listener it was accepted from. */
	DNS_OWNER_OPENER = 2,
	/* The last to send through the socket. */
	DNS_OWNER_USER = 3,
	/* Sent this very packet. */
	DNS_OWNER_SENDER = 4,
};

enum dns_packet_flag {
	/* The first data segment of this direction, of a connection seen from its start. */
	DNS_PACKET_FLAG_STREAM_START = 1,
};

/* What is known of a TCP connection on an unusual port. */
#define STREAM_UNDECIDED 0
#define STREAM_DNS 1
#define STREAM_OTHER 2

/* Data segments after which an undecided stream is taken for something else. */
#define STREAM_LOOKS_MAX 3

#define TCP_FIN 1
#define TCP_SYN 2
#define TCP_RST 4

/* Only these ports when dns_port_count is not 0; else 53, 5353 and 5355, and any port by content. */
const volatile __u16 dns_ports[PORTS_MAX] = {};
const volatile __u32 dns_port_count = 0;

/* Lost because the ring was full. */
__u64 dns_lost_ring = 0;
/* Lost because the packet could not be read back from the kernel's buffers. */
__u64 dns_lost_read = 0;
/* Octets past PAYLOAD_MAX of a segment. */
__u64 dns_cut_segment = 0;
/* Sockets for which no owner could be remembered (out of memory). */
__u64 dns_lost_owner = 0;
/* Set when this kernel lets the iterator write socket storage. */
__u32 dns_holders_done = 0;

#pragma clang diagnostic push
#pragma clang diagnostic error "-Wpadded"

/* Followed by captured_size octets of payload. */
struct dns_packet_event {
	__u64 ts_ns;
	__u16 record_type;
	__u16 packet_flags;
	__u32 payload_size;
	__u64 socket_cookie;
	__u64 socket_inode;
	__u64 start_time_ns;
	__u32 tgid;
	__u32 tid;
	__u32 uid;
	__u32 gid;
	__u32 netns;
	__u32 captured_size;
	__u32 tcp_sequence;
	__u32 gso_size;
	__u16 source_port;
	__u16 destination_port;
	__u8 family;
	__u8 transport;
	__u8 direction;
	__u8 owner_kind;
	__u8 tcp_flags;
	__u8 reserved[7];
	__u8 comm[COMM_SIZE];
	__u8 source_address[16];
	__u8 destination_address[16];
	__u8 interface_name[16];
};

#pragma clang diagnostic pop

EVENT_LAYOUT(dns_packet_event);
ENUM_LAYOUT(dns_direction);
ENUM_LAYOUT(dns_transport);
ENUM_LAYOUT(dns_owner);
ENUM_LAYOUT(dns_packet_flag);

struct socket_owner {
	struct task_identity id;
	/* tgid mixed with the start time: tells an entry that two tasks wrote at once. */
	__u64 check;
	__u8 kind;
	/* Indexed by direction. */
	__u8 data_seen[2];
	__u8 stream;
	__u8 stream_looks;
	/* The socket was open before culprit, so its streams are seen from the middle. */
	__u8 preexisting;
	/* A raw socket that sent DNS: only such ones show what they receive. */
	__u8 raw_dns;
	__u8 reserved;
};

/* Lives and dies with the socket: no size limit, no eviction. Sockets from accept() start with a copy. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct socket_owner);
} dns_owners SEC(".maps");

struct transport_header {
	__u32 payload_offset;
	__u32 payload_size;
	__u32 tcp_sequence;
	__u16 source_port;
	__u16 destination_port;
	__u8 tcp_flags;
	__u8 protocol;
};

static __always_inline __u64 identity_check(const struct task_identity *id)
{
	return id->start_time_ns ^ ((__u64)id->tgid << 32) ^ 0x9e3779b97f4a7c15ULL;
}

static __always_inline void remember_owner(struct socket_owner *owner, const struct task_identity *id,
					   __u8 kind)
{
	owner->id = *id;
	owner->check = identity_check(id);
	owner->kind = kind;
}

static __always_inline bool is_listed_port(__u16 port)
{
	for (__u32 i = 0; i < PORTS_MAX; i++) {
		if (i >= dns_port_count)
			break;
		if (dns_ports[i] == port)
			return true;
	}
	return false;
}

static __always_inline bool is_dns_port(__u16 port)
{
	return port == 53 || port == 5353 || port == 5355;
}

/*
 * Could these octets start a DNS message of this size? Errs on the side of yes:
 * user space decodes it whole and has the last word. The shape of the header is
 * RFC 1035 section 4.1.1; NOTIFY is RFC 1996, UPDATE is RFC 2136.
 */
static __always_inline bool may_be_dns(const __u8 *octets, __u32 message_size)
{
	__u32 opcode = (octets[2] >> 3) & 15;
	__u32 questions = (__u32)octets[4] << 8 | octets[5];
	__u32 answers = (__u32)octets[6] << 8 | octets[7];
	__u32 authorities = (__u32)octets[8] << 8 | octets[9];
	__u32 additionals = (__u32)octets[10] << 8 | octets[11];
	__u32 records = answers + authorities + additionals;
	__u32 label = octets[12];

	if (message_size < DNS_MESSAGE_MIN || questions != 1)
		return false;
	/* The Z bit must be zero (RFC 6895 section 2.1); QUERY, NOTIFY and UPDATE ask one question. */
	if ((octets[3] & 0x40) || (opcode != 0 && opcode != 4 && opcode != 5))
		return false;
	if (!(octets[2] & 0x80) && ((octets[3] & 0x0f) || (opcode == 0 && answers)))
		return false;
	if (records * DNS_RECORD_MIN > message_size)
		return false;
	/* The first label fits; a root name is followed by a type below 512. */
	return label <= 63 && label + DNS_MESSAGE_MIN - 1 <= message_size && (label || octets[13] < 2);
}

/* Fills what the transport header says. Returns false for anything but UDP and TCP. */
static __always_inline bool parse_transport(struct __sk_buff *skb, __u32 offset, __u32 packet_size,
					    struct transport_header *header)
{
	__u8 octets[16];
	__u32 header_size = UDP_HEADER_SIZE;

	if (header->protocol == PROTO_UDP) {
		if (bpf_skb_load_bytes(skb, offset, octets, UDP_HEADER_SIZE))
			return false;
	} else if (header->protocol == PROTO_TCP) {
		if (bpf_skb_load_bytes(skb, offset, octets, sizeof(octets)))
			return false;
		header_size = (octets[12] >> 4) * 4;
		header->tcp_sequence = (__u32)octets[4] << 24 | (__u32)octets[5] << 16 |
				       (__u32)octets[6] << 8 | octets[7];
		header->tcp_flags = octets[13];
	} else {
		return false;
	}
	header->source_port = (__u16)octets[0] << 8 | octets[1];
	header->destination_port = (__u16)octets[2] << 8 | octets[3];
	header->payload_offset = offset + header_size;
	if (header->payload_offset > packet_size)
		return false;
	header->payload_size = packet_size - header->payload_offset;
	return true;
}

#define EXTENSION_HEADERS                                                                          \
	(1ULL << PROTO_HOPOPTS | 1ULL << PROTO_ROUTING | 1ULL << PROTO_FRAGMENT |                  \
	 1ULL << PROTO_AUTH | 1ULL << PROTO_DSTOPTS)

/*
 * Walks the extension headers of an IPv6 packet (RFC 8200 section 4). Returns
 * the offset of the transport header and its protocol, or 0 for a later fragment
 * or a chain that is cut. Arithmetic instead of branches: every branch here
 * doubles the paths the verifier walks, eight times over.
 */
static __always_inline __u32 skip_extensions(struct __sk_buff *skb, __u8 *protocol)
{
	__u32 offset = 40;
	__u64 next = *protocol;
	__u8 octets[4];

	for (int i = 0; i < EXTENSION_HEADERS_MAX; i++) {
		__u32 is_auth, is_fragment;

		if (next > 63 || !(EXTENSION_HEADERS >> next & 1))
			break;
		if (bpf_skb_load_bytes(skb, offset, octets, sizeof(octets)))
			return 0;
		/* 1 for equal, without a comparison the compiler could turn into a branch. */
		is_fragment = ((next ^ PROTO_FRAGMENT) - 1) >> 63;
		is_auth = ((next ^ PROTO_AUTH) - 1) >> 63;
		if (((octets[2] << 8 | octets[3]) & 0xfff8) * is_fragment)
			return 0;
		/* In units of 8 octets past the first 8; AH counts units of 4 past the first 8 (RFC 4302). */
		offset += 8 + ((octets[1] * (1 - is_fragment)) << (3 - is_auth));
		next = octets[0];
	}
	*protocol = next;
	return offset;
}

/*
 * Copies event and payload into a record of the smallest of a few sizes, powers
 * of two: before Linux 6.1 a reservation must be constant. The AND changes no
 * size; it shows verifiers before Linux 6.3 that the size is not 0.
 */
#define EMIT_UP_TO(limit)                                                                          \
	if (size <= (limit)) {                                                                     \
		record = bpf_ringbuf_reserve(&events, sizeof(*event) + (limit), 0);                \
		if (!record) {                                                                     \
			COUNT(dns_lost_ring);                                                      \
			return;                                                                    \
		}                                                                                  \
		*record = *event;                                                                  \
		if (size && bpf_skb_load_bytes(skb, offset, record + 1,                            \
					       ((size - 1) & ((limit) - 1)) + 1)) {                \
			bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);                             \
			COUNT(dns_lost_read);                                                      \
			return;                                                                    \
		}                                                                                  \
		bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);                                      \
		return;                                                                            \
	}

static __always_inline void emit(struct __sk_buff *skb, struct dns_packet_event *event, __u32 offset)
{
	struct dns_packet_event *record;
	__u32 size = event->payload_size;

	/* Only BIG TCP (Linux 5.19 and newer) makes larger segments, where it was turned on. */
	if (size > PAYLOAD_MAX) {
		__sync_fetch_and_add(&dns_cut_segment, size - PAYLOAD_MAX);
		size = PAYLOAD_MAX;
	}
	event->captured_size = size;
	EMIT_UP_TO(64);
	EMIT_UP_TO(128);
	EMIT_UP_TO(256);
	EMIT_UP_TO(512);
	EMIT_UP_TO(1024);
	EMIT_UP_TO(4096);
	EMIT_UP_TO(16384);
	EMIT_UP_TO(PAYLOAD_MAX);
}

/*
 * Decides whether a TCP segment on an unusual port belongs to a DNS stream, from
 * its first data segments: a length prefix and a plausible message, also when
 * the prefix comes alone.
 */
static __always_inline bool is_dns_stream(struct __sk_buff *skb, struct socket_owner *owner,
					  const struct transport_header *header)
{
	__u8 octets[2 + DNS_HEADER_SIZE + 2];
	__u32 announced;

	if (owner->stream == STREAM_DNS)
		return true;
	if (owner->stream == STREAM_OTHER || !header->payload_size)
		return false;
	if (header->payload_size < sizeof(octets)) {
		/* A prefix alone, or the start of one: wait for what follows. */
		if (++owner->stream_looks > STREAM_LOOKS_MAX || header->payload_size > 2)
			owner->stream = STREAM_OTHER;
		return owner->stream == STREAM_UNDECIDED;
	}
	if (bpf_skb_load_bytes(skb, header->payload_offset, octets, sizeof(octets)))
		return false;
	announced = (__u32)octets[0] << 8 | octets[1];
	if (announced + 2 >= header->payload_size && may_be_dns(octets + 2, announced))
		owner->stream = STREAM_DNS;
	else if (announced + 2 < header->payload_size && announced >= DNS_MESSAGE_MIN &&
		 may_be_dns(octets + 2, announced))
		/* Several messages in the segment. */
		owner->stream = STREAM_DNS;
	else if (owner->stream_looks && may_be_dns(octets, header->payload_size))
		/* The prefix came in a segment of its own. */
		owner->stream = STREAM_DNS;
	else
		owner->stream = STREAM_OTHER;
	return owner->stream == STREAM_DNS;
}

static __always_inline bool is_dns_datagram(struct __sk_buff *skb, const struct transport_header *header)
{
	__u8 octets[DNS_HEADER_SIZE + 2];

	if (header->payload_size < DNS_MESSAGE_MIN)
		return false;
	if (bpf_skb_load_bytes(skb, header->payload_offset, octets, sizeof(octets)))
		return false;
	return may_be_dns(octets, skb->gso_size ? skb->gso_size : header->payload_size);
}

/*
 * Names the owner of a packet in the event, and remembers the sender for the
 * answers to come.
 */
static __always_inline void set_owner(struct dns_packet_event *event, struct sock *kernel_sk,
				      struct socket_owner *owner)
{
	struct task_identity id;
	bool current_sends = event->direction == DNS_DIRECTION_EGRESS;

	/* A segment may leave in a softirq: only the holder of the socket lock is known to send it. */
	if (current_sends && event->transport == DNS_TRANSPORT_TCP)
		current_sends = BPF_CORE_READ(kernel_sk, sk_lock.owned) != 0;
	if (current_sends) {
		read_identity(&id, (struct task_struct *)bpf_get_current_task());
		if (owner)
			remember_owner(owner, &id, DNS_OWNER_USER);
		event->owner_kind = DNS_OWNER_SENDER;
	} else if (owner) {
		__u64 check = owner->check;

		id = owner->id;
		event->owner_kind = owner->kind;
		if (check != identity_check(&id))
			event->owner_kind = DNS_OWNER_NONE;
	}
	if (event->owner_kind == DNS_OWNER_NONE) {
		struct socket *socket = BPF_CORE_READ(kernel_sk, sk_socket);
		struct socket_alloc *alloc = (void *)socket - bpf_core_field_offset(struct socket_alloc, socket);

		if (socket)
			event->socket_inode = BPF_CORE_READ(alloc, vfs_inode.i_ino);
		return;
	}
	event->start_time_ns = id.start_time_ns;
	event->tgid = id.tgid;
	event->tid = id.tid;
	event->uid = id.uid;
	event->gid = id.gid;
	__builtin_memcpy(event->comm, id.comm, COMM_SIZE);
}

static __always_inline int tap(struct __sk_buff *skb, __u8 direction)
{
	struct dns_packet_event event = {};
	struct transport_header header = {};
	struct sk_buff *kernel_skb = (struct sk_buff *)skb;
	struct socket_owner *owner = NULL;
	struct bpf_sock *sk = skb->sk;
	struct sock *kernel_sk;
	__u8 octets[20] __attribute__((aligned(4)));
	__u32 offset;
	bool is_tcp, is_raw, known_port;

	if (!sk)
		return 1;
	sk = bpf_sk_fullsock(sk);
	if (!sk)
		return 1;
	if (bpf_skb_load_bytes(skb, 0, octets, sizeof(octets)))
		return 1;
	if (octets[0] >> 4 == 4) {
		/* Later fragments have no header; only raw sockets send fragments through here. */
		if ((octets[6] << 8 | octets[7]) & 0x1fff)
			return 1;
		header.protocol = octets[9];
		offset = (octets[0] & 15) * 4;
	} else if (octets[0] >> 4 == 6) {
		header.protocol = octets[6];
		offset = 40;
		if (header.protocol != PROTO_UDP && header.protocol != PROTO_TCP) {
			offset = skip_extensions(skb, &header.protocol);
			if (!offset)
				return 1;
		}
	} else {
		return 1;
	}
	if (!parse_transport(skb, offset, skb->len, &header))
		return 1;

	is_tcp = header.protocol == PROTO_TCP;
	/* Of TCP only data matters, and the ends of streams. */
	if (is_tcp && !header.payload_size && !(header.tcp_flags & (TCP_FIN | TCP_RST)))
		return 1;
	if (dns_port_count) {
		known_port = is_listed_port(header.source_port) || is_listed_port(header.destination_port);
		if (!known_port)
			return 1;
	} else {
		known_port = is_dns_port(header.source_port) || is_dns_port(header.destination_port);
	}
	if (!known_port && !is_tcp && !is_dns_datagram(skb, &header))
		return 1;

	/* A stream is told by its first segments: every TCP socket needs its entry. */
	owner = bpf_sk_storage_get(&dns_owners, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (!owner)
		COUNT(dns_lost_owner);
	if (is_tcp && !known_port && (!owner || !is_dns_stream(skb, owner, &header)))
		return 1;
	/* A raw socket receives a copy of every datagram there is: not one more message. */
	is_raw = sk->type == SOCK_RAW;
	if (is_raw && direction == DNS_DIRECTION_INGRESS && !(owner && owner->raw_dns))
		return 1;

	event.ts_ns = bpf_ktime_get_boot_ns();
	event.record_type = RECORD_DNS_PACKET;
	event.direction = direction;
	event.transport = is_tcp ? DNS_TRANSPORT_TCP : DNS_TRANSPORT_UDP;
	event.source_port = header.source_port;
	event.destination_port = header.destination_port;
	if (octets[0] >> 4 == 4) {
		event.family = 4;
		__builtin_memcpy(event.source_address, octets + 12, 4);
		__builtin_memcpy(event.destination_address, octets + 16, 4);
	} else {
		event.family = 6;
		bpf_skb_load_bytes(skb, 8, event.source_address, 16);
		bpf_skb_load_bytes(skb, 24, event.destination_address, 16);
	}
	event.socket_cookie = bpf_get_socket_cookie(skb);
	event.gso_size = is_tcp ? 0 : skb->gso_size;
	/* The verifier lets nobody add to a socket pointer; the same one read from the packet is a number to it. */
	kernel_sk = BPF_CORE_READ(kernel_skb, sk);
	event.netns = BPF_CORE_READ(kernel_sk, __sk_common.skc_net.net, ns.inum);
	bpf_probe_read_kernel_str(event.interface_name, sizeof(event.interface_name),
				  &BPF_CORE_READ(kernel_skb, dev)->name);
	set_owner(&event, kernel_sk, owner);
	event.payload_size = header.payload_size;
	event.tcp_flags = header.tcp_flags;
	event.tcp_sequence = header.tcp_sequence;
	if (owner && is_raw)
		owner->raw_dns = 1;
	if (owner && is_tcp && header.payload_size) {
		if (!owner->data_seen[direction] && !owner->preexisting)
			event.packet_flags = DNS_PACKET_FLAG_STREAM_START;
		owner->data_seen[direction] = 1;
	}

	emit(skb, &event, header.payload_offset);
	return 1;
}

SEC("cgroup_skb/egress")
int dns_egress(struct __sk_buff *skb)
{
	return tap(skb, DNS_DIRECTION_EGRESS);
}

SEC("cgroup_skb/ingress")
int dns_ingress(struct __sk_buff *skb)
{
	return tap(skb, DNS_DIRECTION_INGRESS);
}

static __always_inline void open_socket(struct bpf_sock *sk)
{
	struct socket_owner *owner;
	struct task_identity id;

	if (!sk)
		return;
	owner = bpf_sk_storage_get(&dns_owners, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (!owner) {
		COUNT(dns_lost_owner);
		return;
	}
	read_identity(&id, (struct task_struct *)bpf_get_current_task());
	remember_owner(owner, &id, DNS_OWNER_OPENER);
}

SEC("cgroup/post_bind4")
int dns_post_bind4(struct bpf_sock *sk)
{
	open_socket(sk);
	return 1;
}

SEC("cgroup/post_bind6")
int dns_post_bind6(struct bpf_sock *sk)
{
	open_socket(sk);
	return 1;
}

SEC("cgroup/connect4")
int dns_connect4(struct bpf_sock_addr *address)
{
	if (address->type == SOCK_STREAM)
		open_socket(address->sk);
	return 1;
}

SEC("cgroup/connect6")
int dns_connect6(struct bpf_sock_addr *address)
{
	if (address->type == SOCK_STREAM)
		open_socket(address->sk);
	return 1;
}

/*
 * A frame sent through AF_PACKET, in the context of its sender. Only its linear
 * part is read: frames of a PACKET_TX_RING are missed.
 */
SEC("tp_btf/net_dev_queue")
int BPF_PROG(dns_packet_send, struct sk_buff *skb)
{
	struct dns_packet_event event = {};
	struct dns_packet_event *record;
	struct task_identity id;
	struct sock *sk = skb->sk;
	unsigned char *network, *transport;
	__u32 linear, offset, size, udp_size;
	__u8 octets[40];
	__u8 ports_and_dns[UDP_HEADER_SIZE + DNS_HEADER_SIZE + 2];

	if (!sk || sk->__sk_common.skc_family != AF_PACKET)
		return 0;
	network = skb->head + skb->network_header;
	linear = skb->len - skb->data_len - (network - skb->data);
	if (linear > PAYLOAD_MAX || linear < sizeof(octets))
		return 0;
	if (bpf_probe_read_kernel(octets, sizeof(octets), network))
		return 0;
	if (octets[0] >> 4 == 4 && octets[9] == PROTO_UDP && !((octets[6] << 8 | octets[7]) & 0x1fff)) {
		event.family = 4;
		offset = (octets[0] & 15) * 4;
		__builtin_memcpy(event.source_address, octets + 12, 4);
		__builtin_memcpy(event.destination_address, octets + 16, 4);
	} else if (octets[0] >> 4 == 6 && octets[6] == PROTO_UDP) {
		event.family = 6;
		offset = 40;
		__builtin_memcpy(event.source_address, octets + 8, 16);
		__builtin_memcpy(event.destination_address, octets + 24, 16);
	} else {
		return 0;
	}
	transport = network + offset;
	if (linear < offset + sizeof(ports_and_dns) ||
	    bpf_probe_read_kernel(ports_and_dns, sizeof(ports_and_dns), transport))
		return 0;
	event.source_port = (__u16)ports_and_dns[0] << 8 | ports_and_dns[1];
	event.destination_port = (__u16)ports_and_dns[2] << 8 | ports_and_dns[3];
	size = linear - offset - UDP_HEADER_SIZE;
	/* Short frames are padded. */
	udp_size = (__u32)ports_and_dns[4] << 8 | ports_and_dns[5];
	if (udp_size >= UDP_HEADER_SIZE && udp_size - UDP_HEADER_SIZE < size)
		size = udp_size - UDP_HEADER_SIZE;
	if (dns_port_count) {
		if (!is_listed_port(event.source_port) && !is_listed_port(event.destination_port))
			return 0;
	} else if (!is_dns_port(event.source_port) && !is_dns_port(event.destination_port) &&
		   !may_be_dns(ports_and_dns + UDP_HEADER_SIZE, size)) {
		return 0;
	}

	event.ts_ns = bpf_ktime_get_boot_ns();
	event.record_type = RECORD_DNS_PACKET;
	event.direction = DNS_DIRECTION_EGRESS;
	event.transport = DNS_TRANSPORT_PACKET;
	event.owner_kind = DNS_OWNER_SENDER;
	event.netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	bpf_probe_read_kernel_str(event.interface_name, sizeof(event.interface_name), skb->dev->name);
	read_identity(&id, (struct task_struct *)bpf_get_current_task());
	event.start_time_ns = id.start_time_ns;
	event.tgid = id.tgid;
	event.tid = id.tid;
	event.uid = id.uid;
	event.gid = id.gid;
	__builtin_memcpy(event.comm, id.comm, COMM_SIZE);
	event.payload_size = size;
	event.captured_size = size;

	/* Frames are no longer than the MTU of a device, except on loopback. */
	if (size > FRAME_PAYLOAD_MAX) {
		event.captured_size = FRAME_PAYLOAD_MAX;
		__sync_fetch_and_add(&dns_cut_segment, size - FRAME_PAYLOAD_MAX);
	}
	record = bpf_ringbuf_reserve(&events, sizeof(*record) + FRAME_PAYLOAD_MAX, 0);
	if (!record) {
		COUNT(dns_lost_ring);
		return 0;
	}
	*record = event;
	size = event.captured_size;
	if (size > FRAME_PAYLOAD_MAX || bpf_probe_read_kernel(record + 1, size, transport + UDP_HEADER_SIZE)) {
		bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);
		COUNT(dns_lost_read);
		return 0;
	}
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
	return 0;
}

/* Runs once at start: every process that holds a socket already, in all network namespaces. */
SEC("iter/task_file")
int dns_holders(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct socket_owner *owner;
	struct task_identity id;
	struct socket *socket;
	struct sock *sk;

	/* bpf_sock_from_file() is in Linux 5.11, socket storage from iterators too; Debian's 5.10 has neither. */
	if (!bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_sock_from_file))
		return 0;
	dns_holders_done = 1;
	if (!task || !file)
		return 0;
	socket = bpf_sock_from_file(file);
	if (!socket)
		return 0;
	sk = socket->sk;
	if (!sk || (sk->__sk_common.skc_family != AF_INET && sk->__sk_common.skc_family != AF_INET6))
		return 0;
	owner = bpf_sk_storage_get(&dns_owners, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (!owner) {
		COUNT(dns_lost_owner);
		return 0;
	}
	/* What the live hooks saw since they were attached is better. */
	if (owner->kind != DNS_OWNER_NONE)
		return 0;
	read_identity(&id, task);
	remember_owner(owner, &id, DNS_OWNER_HOLDER);
	owner->preexisting = 1;
	return 0;
}
