// SPDX-License-Identifier: MIT
/* Holds a fresh network namespace with its loopback device up, until standard input ends. */
#include "scenario.h"
#include <linux/if.h>
#include <sched.h>
#include <sys/ioctl.h>

int main(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd;

	if (unshare(CLONE_NEWNET) < 0)
		die("unshare the network namespace");
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		die("bring lo up");
	close(fd);
	ready();
	await_line();
	return 0;
}
