// SPDX-License-Identifier: MIT
/*
 * udp [options] ADDRESS PORT NAME TYPE [NAME TYPE]...: asks over one UDP socket, one question after the other.
 *
 *   -m MODE   connected (default) | sendto | write | writev | sendmsg | cork | mapped | gso
 *   -e SIZE   EDNS with this size    -p SIZE  padding option of this size
 *   -i ID     message id             -r N     send the same query up to N times, until it is answered
 *   -w        wait for a line on standard input once the socket is open (and connected)
 *   -c HEX    rename the thread      -u UID   become this user first
 *   -x        sticky IPv6 hop-by-hop and destination options
 *   -o        IPv4 options           -n       do not wait for the answer
 *   -s PORT   bind this source port  -t MS    longest wait for an answer
 *   -d        unlink the executable first
 */
#include "scenario.h"
#include <netinet/udp.h>
#include <sys/uio.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

static const char *mode = "connected";

static bool is_mode(const char *name)
{
	return !strcmp(mode, name);
}

static void send_query(int fd, const uint8_t *query, size_t size, const union address *to)
{
	struct iovec parts[2] = { { (void *)query, 12 }, { (void *)(query + 12), size - 12 } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
	ssize_t sent;

	if (is_mode("write")) {
		sent = write(fd, query, size);
	} else if (is_mode("writev")) {
		sent = writev(fd, parts, 2);
	} else if (is_mode("sendmsg")) {
		message.msg_name = (void *)to;
		message.msg_namelen = address_size(to);
		sent = sendmsg(fd, &message, 0);
	} else if (is_mode("cork")) {
		send(fd, query, 12, MSG_MORE);
		send(fd, query + 12, 5, MSG_MORE);
		sent = send(fd, query + 17, size - 17, 0);
	} else if (is_mode("sendto") || is_mode("mapped")) {
		sent = sendto(fd, query, size, 0, &to->base, address_size(to));
	} else {
		sent = send(fd, query, size, 0);
	}
	if (sent < 0 && errno != ECONNREFUSED)
		die("send");
}

static void set_options(int fd)
{
	/* Next header, length 0 (8 octets), PadN of 4. */
	static const uint8_t extension[8] = { 0, 0, 1, 4, 0, 0, 0, 0 };

	if (setsockopt(fd, IPPROTO_IPV6, IPV6_HOPOPTS, extension, 8) < 0)
		die("set hop-by-hop options");
	if (setsockopt(fd, IPPROTO_IPV6, IPV6_DSTOPTS, extension, 8) < 0)
		die("set destination options");
}

/* All questions in one send that the kernel cuts into datagrams of equal size (UDP_SEGMENT). */
static void send_segmented(int fd, char **pairs, int count, unsigned int first_id, const union address *to)
{
	static uint8_t joined[8192];
	struct text text;
	size_t size = 0, each = 0;
	int segment;

	for (int i = 0; i < count; i++) {
		each = build_query(joined + size, first_id + (unsigned int)i, pairs[2 * i], type_number(pairs[2 * i + 1]), 0, 0);
		size += each;
	}
	segment = (int)each;
	if (setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment)) < 0)
		die("set UDP_SEGMENT");
	identify(&text, "asked");
	if (send(fd, joined, size, 0) < 0)
		die("send");
	for (int i = 0; i < count; i++) {
		identify(&text, "asked");
		asked(&text, pairs[2 * i], pairs[2 * i + 1], "udp", local_port(fd), address_port(to),
		      await_udp(fd, first_id + (unsigned int)i, PATIENCE_MS));
	}
}

int main(int argc, char **argv)
{
	unsigned int edns = 0, padding = 0, source_port = 0;
	int option, id = -1, times = 1, user = 0, patience = PATIENCE_MS, fd, on = 1;
	bool wait = false, extensions = false, ip_options = false, no_answer = false;
	static uint8_t query[16384];
	union address to;

	while ((option = getopt(argc, argv, "+m:e:p:i:r:wc:u:xons:t:d")) != -1) {
		switch (option) {
		case 'm': mode = optarg; break;
		case 'e': edns = (unsigned int)atoi(optarg); break;
		case 'p': padding = (unsigned int)atoi(optarg); break;
		case 'i': id = atoi(optarg); break;
		case 'r': times = atoi(optarg); break;
		case 'w': wait = true; break;
		case 'u': user = atoi(optarg); break;
		case 'x': extensions = true; break;
		case 'o': ip_options = true; break;
		case 'n': no_answer = true; break;
		case 's': source_port = (unsigned int)atoi(optarg); break;
		case 't': patience = atoi(optarg); break;
		case 'd': {
			char path[4096] = {};

			if (readlink("/proc/self/exe", path, sizeof(path) - 1) < 0 || unlink(path) < 0)
				die("unlink the executable");
			break;
		}
		case 'c': {
			char comm[16] = {};

			for (int i = 0; i < 15 && sscanf(optarg + 2 * i, "%2hhx", (unsigned char *)comm + i) == 1; i++)
				;
			prctl(PR_SET_NAME, comm);
			break;
		}
		default: return 2;
		}
	}
	to = parse_address(argv[optind], argv[optind + 1]);
	if (is_mode("mapped")) {
		struct in_addr inner = to.v4.sin_addr;
		uint16_t port = to.v4.sin_port;

		memset(&to, 0, sizeof(to));
		to.v6.sin6_family = AF_INET6;
		to.v6.sin6_port = port;
		to.v6.sin6_addr.s6_addr[10] = to.v6.sin6_addr.s6_addr[11] = 0xff;
		memcpy(to.v6.sin6_addr.s6_addr + 12, &inner, 4);
	}
	if (user && (setgid((gid_t)user) < 0 || setuid((uid_t)user) < 0))
		die("become user %d", user);
	/* Leaving root makes the process undumpable, and /proc/self/exe unreadable even to itself. */
	if (user)
		prctl(PR_SET_DUMPABLE, 1);
	fd = socket(to.base.sa_family, SOCK_DGRAM, 0);
	if (fd < 0)
		die("open a socket");
	if (source_port) {
		union address from = {};

		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		from.base.sa_family = to.base.sa_family;
		if (to.base.sa_family == AF_INET)
			from.v4.sin_port = htons((uint16_t)source_port);
		else
			from.v6.sin6_port = htons((uint16_t)source_port);
		if (bind(fd, &from.base, address_size(&from)) < 0)
			die("bind port %u", source_port);
	}
	if (extensions)
		set_options(fd);
	if (ip_options && setsockopt(fd, IPPROTO_IP, IP_OPTIONS, "\1\1\1\1\1\1\1", 8) < 0)
		die("set IPv4 options");
	if (!is_mode("sendto") && !is_mode("sendmsg") && !is_mode("mapped") && connect(fd, &to.base, address_size(&to)) < 0)
		die("connect");
	if (wait) {
		ready();
		await_line();
	}
	if (is_mode("gso")) {
		send_segmented(fd, argv + optind + 2, (argc - optind - 2) / 2, random_id(), &to);
		return 0;
	}
	for (int at = optind + 2; at + 1 < argc; at += 2) {
		unsigned int query_id = id >= 0 ? (unsigned int)id : random_id();
		size_t size = build_query(query, query_id, argv[at], type_number(argv[at + 1]), edns, padding);
		struct text text;
		int rcode = -1;

		identify(&text, "asked");
		for (int i = 0; i < times && rcode < 0; i++) {
			send_query(fd, query, size, &to);
			if (!no_answer)
				rcode = await_udp(fd, query_id, i + 1 < times ? 30 : patience);
		}
		asked(&text, argv[at], argv[at + 1], "udp", local_port(fd), address_port(&to), rcode);
	}
	return 0;
}
