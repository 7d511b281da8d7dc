// SPDX-License-Identifier: MIT
/*
 * pass udp|tcp RECEIVER ADDRESS PORT NAME1 NAME2 NAME3: opens and connects a socket, asks NAME1, hands the descriptor
 * to the program RECEIVER over a unix socket (SCM_RIGHTS), which asks NAME2, and asks NAME3 itself again.
 */
#include "scenario.h"
#include "exchange.h"

int main(int argc, char **argv)
{
	char control[CMSG_SPACE(sizeof(int))] = {}, octet = 'x';
	struct iovec part = { &octet, 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	union address to;
	int pair[2], fd, status;
	bool tcp;
	pid_t child;

	if (argc != 8)
		return 2;
	tcp = !strcmp(argv[1], "tcp");
	to = parse_address(argv[3], argv[4]);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		die("socketpair");
	child = fork();
	if (child == 0) {
		char number[16];

		close(pair[0]);
		snprintf(number, sizeof(number), "%d", pair[1]);
		execl(argv[2], argv[2], number, argv[1], argv[6], (char *)NULL);
		die("execute \"%s\"", argv[2]);
	}
	close(pair[1]);
	fd = open_connected(&to, tcp);
	exchange(fd, tcp, argv[5], address_port(&to));
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(int));
	if (sendmsg(pair[0], &message, 0) < 0)
		die("pass the descriptor");
	waitpid(child, &status, 0);
	exchange(fd, tcp, argv[7], address_port(&to));
	return status ? 1 : 0;
}
