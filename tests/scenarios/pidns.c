// SPDX-License-Identifier: MIT
/*
 * pidns ADDRESS PORT NAME PROGRAM: starts PROGRAM as pid 1 of a new pid namespace, and logs the truth as the rest of
 * the host sees it.
 */
#include "scenario.h"
#include <sched.h>

int main(int argc, char **argv)
{
	struct text text = {};
	char cmdline[8192];
	size_t size = 0;
	int status;
	pid_t pid;

	if (argc != 5)
		return 2;
	if (unshare(CLONE_NEWPID) < 0)
		die("unshare the pid namespace");
	char *const arguments[] = { argv[4], "-m", "sendto", argv[1], argv[2], argv[3], "A", NULL };

	pid = fork();
	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY);

		/* What it would log are the pids inside. */
		dup2(null, STDOUT_FILENO);
		execv(argv[4], arguments);
		_exit(1);
	}
	waitpid(pid, &status, 0);
	for (int at = 0; arguments[at]; at++)
		size += (size_t)snprintf(cmdline + size, sizeof(cmdline) - size, "%s", arguments[at]) + 1;
	add(&text, "{\"kind\":\"asked\",\"pid\":%d,\"tid\":%d,\"ppid\":%d,\"uid\":0,\"gid\":0,\"comm\":\"", pid, pid, (int)getpid());
	add_hex(&text, "udp", 3);
	add(&text, "\",\"exe\":\"");
	add_hex(&text, argv[4], strlen(argv[4]));
	add(&text, "\",\"cmdline\":\"");
	add_hex(&text, cmdline, size);
	add(&text, "\"");
	asked(&text, argv[3], "A", "udp", 0, (unsigned int)atoi(argv[2]), status ? -1 : 0);
	return status ? 1 : 0;
}
