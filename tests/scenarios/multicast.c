// SPDX-License-Identifier: MIT
/*
 * multicast ask GROUP PORT DEVICE NAME: multicasts a question, from port 5353 for mDNS. multicast listen GROUP PORT
 * DEVICE: joins the group and reads until standard input ends.
 */
#include "scenario.h"
#include <net/if.h>

int main(int argc, char **argv)
{
	static uint8_t data[2048];
	struct ip_mreqn membership = {};
	union address to, any = {};
	struct text text;
	int fd, on = 1;

	if (argc < 5)
		return 2;
	to = parse_address(argv[2], argv[3]);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	membership.imr_multiaddr = to.v4.sin_addr;
	membership.imr_ifindex = (int)if_nametoindex(argv[4]);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	any.v4.sin_family = AF_INET;
	if (!strcmp(argv[1], "listen")) {
		struct pollfd pollers[2] = { { .fd = fd, .events = POLLIN }, { .fd = STDIN_FILENO, .events = POLLIN } };

		any.v4.sin_port = to.v4.sin_port;
		if (bind(fd, &any.base, sizeof(any.v4)) < 0)
			die("bind");
		if (setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &membership, sizeof(membership)) < 0)
			die("join the group");
		ready();
		for (;;) {
			if (poll(pollers, 2, -1) < 0)
				die("poll");
			if (pollers[0].revents && recv(fd, data, sizeof(data), 0) > 0) {
				identify(&text, "heard");
				emit(&text);
			}
			if (pollers[1].revents && read(STDIN_FILENO, data, sizeof(data)) <= 0)
				return 0;
		}
	}
	if (to.v4.sin_port == htons(5353))
		any.v4.sin_port = to.v4.sin_port;
	if (bind(fd, &any.base, sizeof(any.v4)) < 0)
		die("bind");
	if (setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &membership, sizeof(membership)) < 0)
		die("choose the device");
	identify(&text, "asked");
	if (sendto(fd, data, build_query(data, to.v4.sin_port == htons(5353) ? 0 : random_id(), argv[5], TYPE_A, 0, 0), 0,
		   &to.base, sizeof(to.v4)) < 0)
		die("send");
	asked(&text, argv[5], "A", "udp", local_port(fd), address_port(&to), -1);
	return 0;
}
