// SPDX-License-Identifier: MIT
/*
 * tcp [options] ADDRESS PORT NAME...: asks for A records over one TCP connection.
 *
 *   -m MODE   whole      prefix and message in one send (default), one question after the other
 *             prefix     the length prefix alone in its own segment
 *             split      the message cut in its middle
 *             octets     one segment for each octet
 *             pipelined  all questions in one send
 *   -c N      ask N questions, q0.NAME to qN-1.NAME, in one send into a large send buffer, and wait for all answers
 *   -w        wait for a line on standard input once connected
 *   -x        sticky IPv6 hop-by-hop and destination options     -o  IPv4 options
 *   -n        do not wait for the answers
 */
#include "scenario.h"

static const char *mode = "whole";

static bool is_mode(const char *name)
{
	return !strcmp(mode, name);
}

static void send_all(int fd, const uint8_t *data, size_t size)
{
	while (size > 0) {
		ssize_t sent = send(fd, data, size, MSG_NOSIGNAL);

		if (sent < 0)
			die("send");
		data += sent;
		size -= (size_t)sent;
	}
}

static size_t frame(uint8_t *at, unsigned int id, const char *name)
{
	size_t size = build_query(at + 2, id, name, TYPE_A, 0, 0);

	put16(at, (unsigned int)size);
	return size + 2;
}

static void send_parts(int fd, const uint8_t *data, size_t size)
{
	size_t step = is_mode("octets") ? 1 : is_mode("split") ? size / 2 : size;
	size_t at = 0;

	if (is_mode("prefix")) {
		send_all(fd, data, 2);
		at = 2;
	}
	for (; at < size; at += step)
		send_all(fd, data + at, at + step > size ? size - at : step);
}

int main(int argc, char **argv)
{
	static const uint8_t extension[8] = { 0, 0, 1, 4, 0, 0, 0, 0 };
	int option, fd, on = 1, count = 0, large = 1 << 20;
	bool wait = false, extensions = false, ip_options = false, no_answer = false;
	static uint8_t data[1 << 18];
	unsigned int id = random_id();
	size_t size = 0;
	struct text text;
	union address to;

	while ((option = getopt(argc, argv, "+m:c:wxon")) != -1) {
		switch (option) {
		case 'm': mode = optarg; break;
		case 'c': count = atoi(optarg); break;
		case 'w': wait = true; break;
		case 'x': extensions = true; break;
		case 'o': ip_options = true; break;
		case 'n': no_answer = true; break;
		default: return 2;
		}
	}
	to = parse_address(argv[optind], argv[optind + 1]);
	fd = socket(to.base.sa_family, SOCK_STREAM, 0);
	if (fd < 0)
		die("open a socket");
	if (extensions && (setsockopt(fd, IPPROTO_IPV6, IPV6_HOPOPTS, extension, 8) < 0 ||
			   setsockopt(fd, IPPROTO_IPV6, IPV6_DSTOPTS, extension, 8) < 0))
		die("set IPv6 options");
	if (ip_options && setsockopt(fd, IPPROTO_IP, IP_OPTIONS, "\1\1\1\1\1\1\1", 8) < 0)
		die("set IPv4 options");
	if (count)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &large, sizeof(large));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, &to.base, address_size(&to)) < 0)
		die("connect");
	if (wait) {
		ready();
		await_line();
	}
	if (count) {
		int answers = 0;

		for (int i = 0; i < count; i++) {
			char name[512];

			snprintf(name, sizeof(name), "q%d.%s", i, argv[optind + 2]);
			size += frame(data + size, (unsigned int)i, name);
		}
		identify(&text, "asked");
		send_all(fd, data, size);
		while (answers < count && await_tcp(fd, PATIENCE_MS) >= 0)
			answers++;
		add(&text, ",\"answers\":%d", answers);
		asked(&text, argv[optind + 2], "A", "tcp", local_port(fd), address_port(&to), answers == count ? 0 : -1);
		return 0;
	}
	if (is_mode("pipelined")) {
		for (int at = optind + 2; at < argc; at++)
			size += frame(data + size, id++, argv[at]);
		send_all(fd, data, size);
	}
	for (int at = optind + 2; at < argc; at++) {
		identify(&text, "asked");
		if (!is_mode("pipelined")) {
			size = frame(data, id++, argv[at]);
			send_parts(fd, data, size);
		}
		asked(&text, argv[at], "A", "tcp", local_port(fd), address_port(&to),
		      no_answer ? -1 : await_tcp(fd, PATIENCE_MS));
	}
	return 0;
}
