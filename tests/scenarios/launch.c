// SPDX-License-Identifier: MIT
/*
 * launch NETNS RESOLV PROGRAM ARGUMENT...: becomes PROGRAM inside the network namespace NETNS (a path), with the file
 * RESOLV as its /etc/resolv.conf ("-" keeps the one there is). It does not fork: the pid stays.
 */
#include "scenario.h"
#include <sched.h>
#include <sys/mount.h>

int main(int argc, char **argv)
{
	int fd;

	if (argc < 4)
		return 2;
	fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
		die("enter the network namespace \"%s\"", argv[1]);
	if (strcmp(argv[2], "-")) {
		if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
			die("unshare the mount namespace");
		if (mount(argv[2], "/etc/resolv.conf", NULL, MS_BIND, NULL) < 0)
			die("bind \"%s\" to /etc/resolv.conf", argv[2]);
	}
	execvp(argv[3], argv + 3);
	die("execute \"%s\"", argv[3]);
}
