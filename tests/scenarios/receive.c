// SPDX-License-Identifier: MIT
/* receive FD udp|tcp NAME: takes a connected socket from the unix socket FD and asks NAME over it. */
#include "scenario.h"
#include "exchange.h"

int main(int argc, char **argv)
{
	char control[CMSG_SPACE(sizeof(int))] = {}, octet;
	struct iovec part = { &octet, 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	union address peer = {};
	socklen_t size = sizeof(peer);
	int fd;

	if (argc != 4 || recvmsg(atoi(argv[1]), &message, 0) != 1 || !CMSG_FIRSTHDR(&message))
		die("receive a descriptor");
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	if (getpeername(fd, &peer.base, &size) < 0)
		die("getpeername");
	exchange(fd, !strcmp(argv[2], "tcp"), argv[3], address_port(&peer));
	return 0;
}
