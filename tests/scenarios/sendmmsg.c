// SPDX-License-Identifier: MIT
/* sendmmsg MODE ADDRESS PORT NAME: asks A and AAAA in one sendmmsg(2), as glibc does; MODE is connected or sendto. */
#include "scenario.h"

int main(int argc, char **argv)
{
	static const char *types[2] = { "A", "AAAA" };
	static uint8_t queries[2][512];
	struct mmsghdr messages[2] = {};
	struct iovec parts[2];
	unsigned int id = random_id() & 0xfffe;
	union address to;
	struct text text;
	int rcodes[2], fd;

	if (argc != 5)
		return 2;
	to = parse_address(argv[2], argv[3]);
	fd = socket(to.base.sa_family, SOCK_DGRAM, 0);
	if (!strcmp(argv[1], "connected") && connect(fd, &to.base, address_size(&to)) < 0)
		die("connect");
	for (int i = 0; i < 2; i++) {
		parts[i].iov_base = queries[i];
		parts[i].iov_len = build_query(queries[i], id + (unsigned int)i, argv[4], type_number(types[i]), 0, 0);
		messages[i].msg_hdr.msg_iov = &parts[i];
		messages[i].msg_hdr.msg_iovlen = 1;
		if (strcmp(argv[1], "connected")) {
			messages[i].msg_hdr.msg_name = &to;
			messages[i].msg_hdr.msg_namelen = address_size(&to);
		}
	}
	if (sendmmsg(fd, messages, 2, 0) != 2)
		die("sendmmsg");
	for (int i = 0; i < 2; i++) {
		identify(&text, "asked");
		rcodes[i] = await_udp(fd, id + (unsigned int)i, PATIENCE_MS);
		asked(&text, argv[4], types[i], "udp", local_port(fd), address_port(&to), rcodes[i]);
	}
	return 0;
}
