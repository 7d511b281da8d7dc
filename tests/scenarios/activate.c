// SPDX-License-Identifier: MIT
/*
 * activate ADDRESS PORT PROGRAM: binds a UDP socket, as a service manager does for socket activation, and starts
 * PROGRAM -f 3, which serves it. It lives until standard input ends; so does PROGRAM, which shares it.
 */
#include "scenario.h"

int main(int argc, char **argv)
{
	union address at;
	int fd, status;
	pid_t child;

	if (argc != 4)
		return 2;
	at = parse_address(argv[1], argv[2]);
	fd = socket(at.base.sa_family, SOCK_DGRAM, 0);
	if (fd < 0 || bind(fd, &at.base, address_size(&at)) < 0)
		die("bind");
	child = fork();
	if (child == 0) {
		if (fd != 3)
			dup2(fd, 3);
		execl(argv[3], argv[3], "-f", "3", (char *)NULL);
		die("execute \"%s\"", argv[3]);
	}
	waitpid(child, &status, 0);
	return 0;
}
