// SPDX-License-Identifier: MIT
/* burst COUNT ADDRESS PORT NAME: asks q0.NAME to qN-1.NAME, 64 in one sendmmsg, as fast as the answers come back. */
#include "scenario.h"

#define WINDOW 64

int main(int argc, char **argv)
{
	static uint8_t queries[WINDOW][512];
	struct mmsghdr messages[WINDOW] = {};
	struct iovec parts[WINDOW];
	int answers = 0, count, fd;
	struct text text;
	union address to;

	if (argc != 5)
		return 2;
	count = atoi(argv[1]);
	to = parse_address(argv[2], argv[3]);
	fd = socket(to.base.sa_family, SOCK_DGRAM, 0);
	if (connect(fd, &to.base, address_size(&to)) < 0)
		die("connect");
	identify(&text, "asked");
	for (int sent = 0; sent < count;) {
		int batch = count - sent < WINDOW ? count - sent : WINDOW;

		for (int i = 0; i < batch; i++) {
			char name[300];

			snprintf(name, sizeof(name), "q%d.%s", sent + i, argv[4]);
			parts[i].iov_base = queries[i];
			parts[i].iov_len = build_query(queries[i], (unsigned int)(sent + i), name, TYPE_A, 0, 0);
			messages[i].msg_hdr.msg_iov = &parts[i];
			messages[i].msg_hdr.msg_iovlen = 1;
		}
		if (sendmmsg(fd, messages, (unsigned int)batch, 0) != batch)
			die("sendmmsg");
		for (int i = 0; i < batch; i++)
			answers += await_udp(fd, (unsigned int)(sent + i), PATIENCE_MS) >= 0;
		sent += batch;
	}
	add(&text, ",\"answers\":%d", answers);
	asked(&text, argv[4], "A", "udp", local_port(fd), address_port(&to), answers == count ? 0 : -1);
	return 0;
}
