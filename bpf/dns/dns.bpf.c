// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * DNS sensor: copies every datagram and TCP segment that carries, or may carry,
 * a DNS message, together with the task that owns its socket.
 *
 * Hooks (Linux 5.10 and newer, BTF):
 *  - cgroup_skb egress and ingress at the root of cgroup v2: every IP packet of
 *    every socket in every network namespace, whole (before fragmentation, after
 *    reassembly), after the kernel copied it from user memory.
 *  - cgroup/post_bind4,6, cgroup/connect4,6 and cgroup/sendmsg4,6: first owner of
 *    servers, TCP clients, and of datagrams that an NFQUEUE holds back. Sockets made
 *    by accept() inherit their listener's entry.
 *  - tp_btf/net_dev_queue: packets sent through AF_PACKET, which no cgroup sees.
 *  - iter/task_file: owners of sockets older than culprit (Linux 6.1 and newer;
 *    before, user space maps socket inodes to processes).
 *
 * On egress of a datagram the current task is its sender, unless bottom halves are
 * off: then it is a daemon that releases the datagram from an NFQUEUE. Of a TCP
 * segment it is only while it holds the socket lock, too. Else the last known owner
 * is reported.
 *
 * Misses: AF_PACKET senders with PACKET_QDISC_BYPASS or PACKET_TX_RING, AF_XDP and
 * other kernel bypass; DNS over TCP on an unusual port when its first segments came before
 * culprit; encrypted DNS (DoT, DoH, DoQ).
 */
#include "context.h"
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
/* QUERY (0), NOTIFY (4), UPDATE (5). */
#define OPCODES_WITH_QUESTION 0x31
/* Smallest resource record: root name, type, class, TTL, RDLENGTH. */
#define DNS_RECORD_MIN 11
#define EXTENSION_HEADERS_MAX 8
/* Above any offset of a transport header: 40 octets and 8 extension headers of 2048 at most. */
#define OFFSET_MASK 0x7fff
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
	/* The socket is connected: the kernel hands it what comes from its peer only, as its owner addressed it. */
	DNS_PACKET_FLAG_CONNECTED = 2,
};

/* State of a socket with a peer, of datagrams as of TCP (include/net/tcp_states.h). */
#define SOCKET_ESTABLISHED 1
/* Where the scratch words keep that the socket has one. */
#define CONNECTED_SHIFT 24

/* What is known of a TCP connection on an unusual port. */
#define STREAM_UNDECIDED 0
#define STREAM_DNS 1
#define STREAM_OTHER 2

/* What a socket is, once it was looked at. */
#define SOCKET_UNKNOWN 0
#define SOCKET_RAW 1
#define SOCKET_OTHER 2

/* How long the name of a device is taken for granted: it can be changed. */
#define DEVICE_NAME_NS 1000000000ULL

/*
 * How long a stream may stay undecided: 250 segments too short to tell, which a name of 240 octets sent octet by octet
 * takes, and each longer one counts as 64.
 */
#define STREAM_LOOKS_MAX 250
#define STREAM_LOOKS_LONG 64

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
	__u8 socket_kind;
	__u32 netns;
	/* The device of the last packet, by index, so that its name need not be read for each. */
	__u32 device_index;
	__u64 device_ns;
	__u64 device_name[2];
	/* Index and name mixed: tells an entry that two packets wrote at once. */
	__u64 device_check;
	/* Of datagram sockets only: an accepted socket starts with a copy of its listener's entry. */
	__u64 cookie;
};

/* Lives and dies with the socket: no size limit, no eviction. Sockets from accept() start with a copy. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct socket_owner);
} dns_owners SEC(".maps");

/* What the headers of a packet say. */
struct packet {
	__u32 payload_offset;
	__u32 payload_size;
	__u32 tcp_sequence;
	__u16 source_port;
	__u16 destination_port;
	__u8 family;
	__u8 protocol;
	__u8 tcp_flags;
};

/* Of anything that has the members of task_identity. */
#define IDENTITY_CHECK(id) ((id)->start_time_ns ^ ((__u64)(id)->tgid << 32) ^ 0x9e3779b97f4a7c15ULL)

#define REMEMBER_OWNER(owner, from, how)                                                           \
	do {                                                                                       \
		COPY_IDENTITY(&(owner)->id, from);                                                 \
		(owner)->check = IDENTITY_CHECK(from);                                             \
		(owner)->kind = (how);                                                             \
	} while (0)

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
 * What a record tells beside the headers. On the stack, where the verifier follows
 * every value: constants are avoided, a known zero among them, so that all ways
 * here look alike to it.
 */
struct facts {
	__u64 ts_ns;
	__u64 zero;
	__u64 cookie;
	__u64 inode;
	__u64 addresses[4];
	__u64 device[2];
	struct task_identity id;
	__u64 netns;
};

static __always_inline __u16 load_be16(const __u8 *octets)
{
	return bpf_ntohs(*(const __u16 *)octets);
}

/*
 * Octets of the packet: in place where they lie in one piece, as headers do, else
 * a copy. A call to copy them costs as much as all else that is done with a
 * packet that is no DNS.
 */
static __always_inline const __u8 *octets_at(struct __sk_buff *skb, __u32 offset, __u32 size, __u8 *copy)
{
	const __u8 *octets = (const __u8 *)(long)skb->data + (offset & OFFSET_MASK);

	if (octets + size <= (const __u8 *)(long)skb->data_end)
		return octets;
	return bpf_skb_load_bytes(skb, offset, copy, size) ? NULL : copy;
}

/* 1 where a is below b: no comparison, which would be one more branch for the verifier to follow. */
static __always_inline __u64 is_below(__u64 a, __u64 b)
{
	return (a - b) >> 63;
}

/*
 * Could these octets start a DNS message of this size? Errs on the side of yes:
 * user space decodes it whole and has the last word. The shape of the header is
 * RFC 1035 section 4.1.1; NOTIFY is RFC 1996, UPDATE is RFC 2136.
 */
static __always_inline bool may_be_dns(const __u8 *octets, __u64 message_size)
{
	__u64 flags = load_be16(octets + 2);
	__u64 questions = load_be16(octets + 4);
	__u64 answers = load_be16(octets + 6);
	__u64 records = answers + load_be16(octets + 8) + load_be16(octets + 10);
	__u64 is_query = ~flags >> 15 & 1;
	__u64 opcode = flags >> 11 & 15;
	__u64 label = octets[12];
	__u64 wrong = is_below(message_size, DNS_MESSAGE_MIN) | (questions ^ 1);

	/*
	 * QUERY, NOTIFY and UPDATE ask one question. The Z bit (RFC 6895 section 2.1) and an rcode in a query are wrong, but
	 * servers answer such queries: who wants to go unseen would set them.
	 */
	wrong |= (OPCODES_WITH_QUESTION >> opcode & 1) ^ 1;
	/* A query with opcode QUERY (0) has no answers. */
	wrong |= is_query * is_below(opcode, 1) * answers;
	wrong |= is_below(message_size, records * DNS_RECORD_MIN);
	/* The first label fits; a root name is followed by a type below 512. */
	wrong |= is_below(63, label) | is_below(message_size, label + DNS_MESSAGE_MIN - 1);
	wrong |= is_below(label, 1) * (octets[13] & 0xfe);
	return !wrong;
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

/* Fills what the headers say. Returns false for anything but UDP and TCP. */
static __always_inline bool parse_packet(struct __sk_buff *skb, struct packet *packet)
{
	__u8 copy[20] __attribute__((aligned(4)));
	const __u8 *octets = octets_at(skb, 0, sizeof(copy), copy);
	__u32 offset, header_size = UDP_HEADER_SIZE;

	if (!octets)
		return false;
	if (octets[0] >> 4 == 4) {
		/* Later fragments have no header; only raw sockets send fragments through here. */
		if (load_be16(octets + 6) & 0x1fff)
			return false;
		packet->family = 4;
		packet->protocol = octets[9];
		offset = (octets[0] & 15) * 4;
	} else if (octets[0] >> 4 == 6) {
		packet->family = 6;
		packet->protocol = octets[6];
		offset = 40;
		if (packet->protocol != PROTO_UDP && packet->protocol != PROTO_TCP) {
			offset = skip_extensions(skb, &packet->protocol);
			if (!offset)
				return false;
		}
	} else {
		return false;
	}

	if (packet->protocol == PROTO_UDP) {
		octets = octets_at(skb, offset, UDP_HEADER_SIZE, copy);
		if (!octets)
			return false;
	} else if (packet->protocol == PROTO_TCP) {
		octets = octets_at(skb, offset, 16, copy);
		if (!octets)
			return false;
		header_size = (octets[12] >> 4) * 4;
		/* A SYN takes a sequence number: data that comes with it (TCP Fast Open, RFC 7413) starts after. */
		packet->tcp_sequence = bpf_ntohl(*(const __u32 *)(octets + 4)) + (octets[13] >> 1 & 1);
		packet->tcp_flags = octets[13];
	} else {
		return false;
	}
	packet->source_port = load_be16(octets);
	packet->destination_port = load_be16(octets + 2);
	packet->payload_offset = offset + header_size;
	return packet->payload_offset <= skb->len;
}

/*
 * Keeps what the headers say in the scratch words of the packet, and reads it
 * back. The verifier knows nothing of these words: without them it would follow
 * each way a header can be read to the end of the program.
 */
static __always_inline void keep_packet(struct __sk_buff *skb, const struct packet *packet)
{
	skb->cb[0] = packet->payload_offset;
	skb->cb[1] = (__u32)packet->source_port << 16 | packet->destination_port;
	skb->cb[2] = packet->tcp_sequence;
	skb->cb[3] = (__u32)packet->tcp_flags << 16 | (__u32)packet->protocol << 8 | packet->family;
	skb->cb[4] = 0;
	barrier();
}

static __always_inline void read_packet(const struct __sk_buff *skb, struct packet *packet)
{
	barrier();
	packet->payload_offset = skb->cb[0];
	packet->payload_size = skb->len - packet->payload_offset;
	packet->source_port = skb->cb[1] >> 16;
	packet->destination_port = skb->cb[1];
	packet->tcp_sequence = skb->cb[2];
	packet->tcp_flags = skb->cb[3] >> 16;
	packet->protocol = skb->cb[3] >> 8;
	packet->family = skb->cb[3];
}

/*
 * Decides whether a TCP segment on an unusual port belongs to a DNS stream, from
 * its first data segments: a length prefix and a plausible message. A stream that
 * starts with less is undecided for a while.
 */
static __always_inline bool is_dns_stream(struct __sk_buff *skb, struct socket_owner *owner,
					  const struct packet *packet)
{
	__u8 copy[2 + DNS_HEADER_SIZE + 2] __attribute__((aligned(4)));
	const __u8 *octets;
	__u32 announced;

	if (owner->stream == STREAM_DNS)
		return true;
	if (owner->stream == STREAM_OTHER || !packet->payload_size)
		return false;
	if (packet->payload_size < sizeof(copy)) {
		/* A prefix alone, or a part of a message: user space puts them together. */
		if (++owner->stream_looks > STREAM_LOOKS_MAX)
			owner->stream = STREAM_OTHER;
		return owner->stream == STREAM_UNDECIDED;
	}
	octets = octets_at(skb, packet->payload_offset, sizeof(copy), copy);
	if (!octets)
		return false;
	announced = load_be16(octets);
	/* One message or several in the segment; or the prefix came in a segment of its own. */
	if (may_be_dns(octets + 2, announced) ||
	    (owner->stream_looks && may_be_dns(octets, packet->payload_size)))
		owner->stream = STREAM_DNS;
	else if (!owner->stream_looks || owner->stream_looks > STREAM_LOOKS_MAX - STREAM_LOOKS_LONG)
		owner->stream = STREAM_OTHER;
	else
		owner->stream_looks += STREAM_LOOKS_LONG;
	return owner->stream != STREAM_OTHER;
}

static __always_inline bool is_dns_datagram(struct __sk_buff *skb, const struct packet *packet)
{
	__u8 copy[DNS_HEADER_SIZE + 2] __attribute__((aligned(4)));
	const __u8 *octets;

	if (packet->payload_size < DNS_MESSAGE_MIN)
		return false;
	octets = octets_at(skb, packet->payload_offset, sizeof(copy), copy);
	return octets && may_be_dns(octets, skb->gso_size ? skb->gso_size : packet->payload_size);
}

/* The verifier lets nobody add to a socket pointer; the same one read from the packet is a number to it. */
static __always_inline struct sock *kernel_socket(struct __sk_buff *skb)
{
	struct sk_buff *kernel_skb = (struct sk_buff *)skb;

	return BPF_CORE_READ(kernel_skb, sk);
}

/*
 * Tells who owns a packet, and remembers the sender for the answers to come.
 * Returns how the owner is known.
 */
static __always_inline __u8 find_owner(struct __sk_buff *skb, struct facts *facts, struct socket_owner *owner,
				       bool current_sends, bool is_tcp)
{
	struct socket_alloc *alloc;
	struct socket *socket;

	/* A segment may leave whenever an acknowledgement comes: only the holder of the socket lock is known to send it. */
	if (current_sends && is_tcp)
		current_sends = BPF_CORE_READ(kernel_socket(skb), sk_lock.owned) != 0;
	if (current_sends) {
		READ_CURRENT_IDENTITY(&facts->id);
		if (owner)
			REMEMBER_OWNER(owner, &facts->id, DNS_OWNER_USER);
		/* Who holds the lock may flush what another wrote: a weaker claim than for a datagram. */
		return is_tcp ? DNS_OWNER_USER : DNS_OWNER_SENDER;
	}
	if (owner) {
		__u64 check = owner->check;
		__u8 kind = owner->kind;

		COPY_IDENTITY(&facts->id, &owner->id);
		if (check == IDENTITY_CHECK(&facts->id) && kind != DNS_OWNER_NONE)
			return kind;
	}
	facts->id.start_time_ns = facts->zero;
	facts->id.tgid = facts->id.tid = facts->id.uid = facts->id.gid = facts->zero;
	((__u64 *)facts->id.comm)[0] = ((__u64 *)facts->id.comm)[1] = facts->zero;
	socket = BPF_CORE_READ(kernel_socket(skb), sk_socket);
	alloc = (void *)socket - bpf_core_field_offset(struct socket_alloc, socket);
	if (socket)
		facts->inode = BPF_CORE_READ(alloc, vfs_inode.i_ino);
	return DNS_OWNER_NONE;
}

static __always_inline __u64 device_check(__u32 index, __u64 first, __u64 second)
{
	return (first * 31 + second) * 31 + index + 1;
}

/* Names the device of a packet. */
static __always_inline void find_device(struct __sk_buff *skb, struct facts *facts, struct socket_owner *owner)
{
	struct sk_buff *kernel_skb = (struct sk_buff *)skb;
	__u32 index = skb->ifindex;

	if (owner && owner->device_index == index && facts->ts_ns - owner->device_ns < DEVICE_NAME_NS) {
		facts->device[0] = owner->device_name[0];
		facts->device[1] = owner->device_name[1];
		if (owner->device_check == device_check(index, facts->device[0], facts->device[1]))
			return;
	}
	bpf_probe_read_kernel_str(facts->device, sizeof(facts->device), &BPF_CORE_READ(kernel_skb, dev)->name);
	if (!owner)
		return;
	owner->device_index = index;
	owner->device_ns = facts->ts_ns;
	owner->device_name[0] = facts->device[0];
	owner->device_name[1] = facts->device[1];
	owner->device_check = device_check(index, facts->device[0], facts->device[1]);
}

/* Identifies the socket, and its network namespace: neither ever changes. */
static __always_inline void find_socket(struct __sk_buff *skb, struct facts *facts, struct socket_owner *owner,
					bool is_tcp)
{
	facts->cookie = owner ? owner->cookie : 0;
	if (!facts->cookie) {
		facts->cookie = bpf_get_socket_cookie(skb);
		if (owner && !is_tcp)
			owner->cookie = facts->cookie;
	}
	facts->netns = owner ? owner->netns : 0;
	if (!facts->netns) {
		facts->netns = BPF_CORE_READ(kernel_socket(skb), __sk_common.skc_net.net, ns.inum);
		if (owner)
			owner->netns = facts->netns;
	}
}

static __always_inline bool is_raw_socket(struct bpf_sock *sk, struct socket_owner *owner)
{
	bool is_raw;

	if (owner && owner->socket_kind != SOCKET_UNKNOWN)
		return owner->socket_kind == SOCKET_RAW;
	sk = bpf_sk_fullsock(sk);
	is_raw = sk && sk->type == SOCK_RAW;
	if (owner)
		owner->socket_kind = is_raw ? SOCKET_RAW : SOCKET_OTHER;
	return is_raw;
}

/* Gathers what the record of a packet tells beside its headers. Returns false when the packet cannot be read. */
static __always_inline bool gather(struct __sk_buff *skb, const struct packet *packet, struct facts *facts,
				   struct socket_owner *owner, __u8 direction, bool task_sends)
{
	bool is_tcp = packet->protocol == PROTO_TCP;
	__u32 flags = (skb->cb[3] >> CONNECTED_SHIFT) * DNS_PACKET_FLAG_CONNECTED;

	facts->zero = facts->inode = skb->cb[4];
	facts->ts_ns = bpf_ktime_get_boot_ns();
	/* One after the other, as in the header. */
	if (packet->family == 6) {
		if (bpf_skb_load_bytes(skb, 8, facts->addresses, sizeof(facts->addresses)))
			return false;
	} else {
		__u8 copy[8] __attribute__((aligned(8)));
		const __u8 *octets = octets_at(skb, 12, sizeof(copy), copy);

		if (!octets)
			return false;
		facts->addresses[0] = *(const __u32 *)octets;
		facts->addresses[1] = facts->zero;
		facts->addresses[2] = *(const __u32 *)(octets + 4);
		facts->addresses[3] = facts->zero;
	}
	find_socket(skb, facts, owner, is_tcp);
	find_device(skb, facts, owner);
	if (owner && is_tcp && packet->payload_size) {
		if (!owner->data_seen[direction] && !owner->preexisting)
			flags |= DNS_PACKET_FLAG_STREAM_START;
		owner->data_seen[direction] = 1;
	}
	skb->cb[4] = flags << 8 | find_owner(skb, facts, owner, task_sends, is_tcp);
	return true;
}

/*
 * Writes a record of a packet that is, or may be, DNS. Its room is the smallest of
 * a few sizes, powers of two: before Linux 6.1 a reservation must be constant, and
 * the verifier walks all that follows once for each.
 */
static __always_inline void capture(struct __sk_buff *skb, struct socket_owner *owner, __u8 direction,
				    bool task_sends)
{
	struct dns_packet_event *event;
	struct packet packet;
	struct facts facts;
	__u32 size, room;

	read_packet(skb, &packet);
	if (!gather(skb, &packet, &facts, owner, direction, task_sends)) {
		COUNT(dns_lost_read);
		return;
	}
	read_packet(skb, &packet);
	size = packet.payload_size;
	/* Only BIG TCP (Linux 5.19 and newer) makes larger segments, where it was turned on. */
	if (size > PAYLOAD_MAX) {
		__sync_fetch_and_add(&dns_cut_segment, size - PAYLOAD_MAX);
		size = PAYLOAD_MAX;
	}
	if (size <= 64)
		room = 64;
	else if (size <= 128)
		room = 128;
	else if (size <= 256)
		room = 256;
	else if (size <= 512)
		room = 512;
	else if (size <= 1024)
		room = 1024;
	else if (size <= 4096)
		room = 4096;
	else if (size <= 16384)
		room = 16384;
	else
		room = PAYLOAD_MAX;
	event = bpf_ringbuf_reserve(&events, sizeof(*event) + room, 0);
	if (!event) {
		COUNT(dns_lost_ring);
		return;
	}
	event->ts_ns = facts.ts_ns;
	event->record_type = RECORD_DNS_PACKET;
	event->packet_flags = skb->cb[4] >> 8;
	event->payload_size = packet.payload_size;
	event->socket_cookie = facts.cookie;
	event->socket_inode = facts.inode;
	event->netns = facts.netns;
	event->captured_size = size;
	event->tcp_sequence = packet.tcp_sequence;
	event->gso_size = skb->gso_size * (packet.protocol & 1);
	event->source_port = packet.source_port;
	event->destination_port = packet.destination_port;
	event->family = packet.family;
	/* The numbers of TCP and UDP differ in this bit. */
	event->transport = (packet.protocol & 1) ^ 1;
	event->direction = direction;
	event->owner_kind = skb->cb[4];
	event->tcp_flags = packet.tcp_flags;
	__builtin_memset(event->reserved, 0, sizeof(event->reserved));
	COPY_IDENTITY(event, &facts.id);
	__builtin_memcpy(event->source_address, facts.addresses, sizeof(facts.addresses));
	__builtin_memcpy(event->interface_name, facts.device, sizeof(facts.device));
	/* The AND changes no size; it shows verifiers before Linux 6.3 that the size is not 0. */
	if (size && bpf_skb_load_bytes(skb, packet.payload_offset, event + 1, ((size - 1) & (room - 1)) + 1)) {
		bpf_ringbuf_discard(event, BPF_RB_NO_WAKEUP);
		COUNT(dns_lost_read);
		return;
	}
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
}

static __always_inline int tap(struct __sk_buff *skb, __u8 direction, bool task_sends)
{
	struct packet packet = {};
	struct socket_owner *owner;
	struct bpf_sock *sk;
	bool is_tcp, is_raw, known_port, may_begin;

	if (!parse_packet(skb, &packet))
		return 1;
	keep_packet(skb, &packet);
	read_packet(skb, &packet);
	is_tcp = packet.protocol == PROTO_TCP;
	/* Of TCP only data matters, and the ends of streams. */
	if (is_tcp && !packet.payload_size && !(packet.tcp_flags & (TCP_FIN | TCP_RST)))
		return 1;
	if (dns_port_count) {
		known_port = is_listed_port(packet.source_port) || is_listed_port(packet.destination_port);
		if (!known_port)
			return 1;
	} else {
		known_port = is_dns_port(packet.source_port) || is_dns_port(packet.destination_port);
	}
	if (!known_port && !is_tcp && !is_dns_datagram(skb, &packet))
		return 1;

	sk = skb->sk;
	if (!sk)
		return 1;
	/*
	 * A stream is told by its first segments: every TCP socket that moves data needs
	 * its entry. An empty segment needs none, and its socket may be going away.
	 */
	may_begin = !is_tcp || packet.payload_size;
	owner = bpf_sk_storage_get(&dns_owners, sk, NULL, may_begin ? BPF_SK_STORAGE_GET_F_CREATE : 0);
	if (!owner && may_begin)
		COUNT(dns_lost_owner);
	if (is_tcp && !known_port && (!owner || !is_dns_stream(skb, owner, &packet)))
		return 1;
	/* A raw socket receives a copy of every datagram there is: not one more message. */
	is_raw = is_raw_socket(sk, owner);
	if (is_raw && direction == DNS_DIRECTION_INGRESS && !(owner && owner->raw_dns))
		return 1;
	if (is_raw && owner)
		owner->raw_dns = 1;
	/* 1 for equal, without a branch. */
	skb->cb[3] |= (__u32)(((__u64)(sk->state ^ SOCKET_ESTABLISHED) - 1) >> 63) << CONNECTED_SHIFT;
	capture(skb, owner, direction, task_sends);
	return 1;
}

SEC("cgroup_skb/egress")
int dns_egress(struct __sk_buff *skb)
{
	return tap(skb, DNS_DIRECTION_EGRESS, !bottom_halves_off());
}

/* For kernels that do not tell programs about bottom halves: built without CONFIG_KALLSYMS_ALL. */
SEC("cgroup_skb/egress")
int dns_egress_plain(struct __sk_buff *skb)
{
	return tap(skb, DNS_DIRECTION_EGRESS, true);
}

SEC("cgroup_skb/ingress")
int dns_ingress(struct __sk_buff *skb)
{
	return tap(skb, DNS_DIRECTION_INGRESS, false);
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
	REMEMBER_OWNER(owner, &id, DNS_OWNER_OPENER);
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

/* Of datagrams only those to ports of DNS: others have their sender at hand, unless an NFQUEUE holds them back. */
static __always_inline int address_socket(struct bpf_sock_addr *address)
{
	if (address->type == SOCK_STREAM || is_dns_port(bpf_ntohs(address->user_port)))
		open_socket(address->sk);
	return 1;
}

SEC("cgroup/connect4")
int dns_connect4(struct bpf_sock_addr *address)
{
	return address_socket(address);
}

SEC("cgroup/connect6")
int dns_connect6(struct bpf_sock_addr *address)
{
	return address_socket(address);
}

SEC("cgroup/sendmsg4")
int dns_sendmsg4(struct bpf_sock_addr *address)
{
	return address_socket(address);
}

SEC("cgroup/sendmsg6")
int dns_sendmsg6(struct bpf_sock_addr *address)
{
	return address_socket(address);
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
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
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
	READ_IDENTITY(&event, task);
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
	REMEMBER_OWNER(owner, &id, DNS_OWNER_HOLDER);
	owner->preexisting = 1;
	return 0;
}
