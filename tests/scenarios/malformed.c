// SPDX-License-Identifier: MIT
/*
 * malformed ADDRESS PORT LABEL: sends one broken message from a socket of its own for each kind below, and logs the
 * kind as the name and the source port, by which the events are told apart.
 */
#include "scenario.h"

struct broken {
	const char *kind;
	size_t size;
	uint8_t data[64];
};

static const struct broken kinds[] = {
	{ "five-octets", 5, { 0x12, 0x34, 1, 0, 0 } },
	{ "header-only", 12, { 0x12, 0x34, 1, 0, 0, 1 } },
	{ "pointer-loop", 18, { 0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 12, 0, 1, 0, 1 } },
	{ "counts-65535",
	  19,
	  { 0x12, 0x34, 1, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 'a', 0, 0, 1, 0, 1 } },
	{ "label-past-end", 17, { 0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 63, 'a', 'b', 'c', 'd' } },
	{ "reserved-label", 19, { 0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0x81, 'a', 0, 0, 1, 0, 1 } },
	{ "trailing-octets", 24, { 0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'a', 0, 0, 1, 0, 1, 9, 9, 9, 9, 9 } },
	{ "question-cut", 16, { 0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'a', 0, 0 } },
	{ "zeros", 40, { 0 } },
	{ "ones",
	  24,
	  { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } },
};

int main(int argc, char **argv)
{
	union address to;

	if (argc != 3)
		return 2;
	to = parse_address(argv[1], argv[2]);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		int fd = socket(to.base.sa_family, SOCK_DGRAM, 0);
		struct text text;

		identify(&text, "asked");
		if (sendto(fd, kinds[i].data, kinds[i].size, 0, &to.base, address_size(&to)) < 0)
			die("send");
		asked(&text, kinds[i].kind, "A", "udp", local_port(fd), address_port(&to), -1);
		close(fd);
	}
	return 0;
}
