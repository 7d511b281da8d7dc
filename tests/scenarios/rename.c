// SPDX-License-Identifier: MIT
/*
 * rename ADDRESS PORT NAME1 NAME2: a thread that calls itself "systemd-resolve" asks NAME1, then the main thread calls
 * itself "kworker/0:0" and asks NAME2. The name of the process stays that of its executable.
 */
#include "scenario.h"
#include "exchange.h"
#include <pthread.h>

static union address to;

static void *ask_renamed(void *arguments)
{
	char **pair = arguments;
	int fd;

	prctl(PR_SET_NAME, pair[0]);
	fd = open_connected(&to, false);
	exchange(fd, false, pair[1], address_port(&to));
	close(fd);
	return NULL;
}

int main(int argc, char **argv)
{
	char *first[2] = { "systemd-resolve", argv[3] }, *second[2] = { "kworker/0:0", argv[4] };
	pthread_t thread;

	if (argc != 5)
		return 2;
	to = parse_address(argv[1], argv[2]);
	pthread_create(&thread, NULL, ask_renamed, first);
	pthread_join(thread, NULL);
	ask_renamed(second);
	return 0;
}
