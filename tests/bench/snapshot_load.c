/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Holds many sockets: snapshot_load SOCKETS PROCESSES [share] [churn]
 *
 * Each process holds its part of SOCKETS as connected TCP pairs on loopback, accepted, and one UDP socket for every
 * ten of them, every other one connected. With "share" each process forks a child that holds the same. With "churn" one more process opens and
 * closes connections as fast as it can. Prints "ready" and ends when standard input does.
 */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static int listener(struct sockaddr_in *address)
{
	socklen_t size = sizeof(*address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	memset(address, 0, sizeof(*address));
	address->sin_family = AF_INET;
	address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (void *)address, size) || listen(fd, 128) || getsockname(fd, (void *)address, &size))
		fail("listen");
	return fd;
}

/* One connection; closed again when it is not to be held. */
static void pair(int listening, struct sockaddr_in *address, int hold)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int accepted;

	if (fd < 0 || connect(fd, (void *)address, sizeof(*address)))
		fail("connect");
	accepted = accept(listening, NULL, NULL);
	if (accepted < 0)
		fail("accept");
	if (hold)
		return;
	/* A reset leaves no TIME_WAIT, which would use up the ports. */
	struct linger linger = { 1, 0 };
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(fd);
	close(accepted);
}

int main(int argc, char **argv)
{
	int sockets = argc > 1 ? atoi(argv[1]) : 1000;
	int processes = argc > 2 ? atoi(argv[2]) : 1;
	int share = 0, churn = 0, ready[2];
	struct rlimit limit;
	struct sockaddr_in address;
	char octet;

	for (int i = 3; i < argc; i++) {
		share |= !strcmp(argv[i], "share");
		churn |= !strcmp(argv[i], "churn");
	}
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	if (pipe(ready))
		fail("pipe");
	for (int i = 0; i < processes; i++) {
		if (fork())
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		int listening = listener(&address);
		int part = sockets / processes;
		for (int made = 1; made + 2 <= part - part / 10; made += 2)
			pair(listening, &address, 1);
		for (int made = 0; made < part / 10; made++) {
			struct sockaddr_in any = { .sin_family = AF_INET };
			int fd = socket(AF_INET, SOCK_DGRAM, 0);

			/* Past the range of automatic ports of UDP there is none: the address makes room. */
			any.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + i);
			if (fd < 0 || bind(fd, (void *)&any, sizeof(any)))
				fail("bind");
			any.sin_port = htons(9);
			if (made % 2 && connect(fd, (void *)&any, sizeof(any)))
				fail("connect");
		}
		if (share && !fork()) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			pause();
		}
		if (write(ready[1], "r", 1) != 1)
			fail("write");
		pause();
	}
	for (int i = 0; i < processes; i++) {
		if (read(ready[0], &octet, 1) != 1)
			fail("read");
	}
	if (churn && !fork()) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		int listening = listener(&address);
		for (;;)
			pair(listening, &address, 0);
	}
	puts("ready");
	fflush(stdout);
	while (read(0, &octet, 1) > 0)
		;
	/* The children die with their parent. */
	return 0;
}
