// SPDX-License-Identifier: MIT
/*
 * boxed NAME1 NAME2: the first process of a container without network. It starts the server of the image on the
 * container's own loopback device, waits for a line, asks NAME1 itself and lets busybox nslookup ask NAME2.
 */
#include "scenario.h"
#include "exchange.h"
#include <linux/if.h>
#include <signal.h>
#include <sys/ioctl.h>

int main(int argc, char **argv)
{
	union address to = parse_address("127.0.0.1", "53");
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int ready_pipe[2], hold[2], fd, status;
	char line[65536];
	pid_t server, child;

	if (argc != 3 || pipe(ready_pipe) < 0 || pipe(hold) < 0)
		return 2;
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	/* Without CAP_NET_ADMIN this fails, and is not needed: the runtime brought the device up. */
	ioctl(fd, SIOCSIFFLAGS, &request);
	close(fd);
	server = fork();
	if (server == 0) {
		dup2(hold[0], STDIN_FILENO);
		dup2(ready_pipe[1], STDOUT_FILENO);
		execl("/bin/server", "/bin/server", "127.0.0.1", "53", (char *)NULL);
		_exit(1);
	}
	if (read(ready_pipe[0], line, sizeof(line)) <= 0)
		die("start the server");
	ready();
	await_line();
	fd = open_connected(&to, false);
	exchange(fd, false, argv[1], 53);
	child = fork();
	if (child == 0) {
		int null = open("/dev/null", O_WRONLY);

		dup2(null, STDOUT_FILENO);
		execl("/bin/busybox", "nslookup", "-type=a", argv[2], "127.0.0.1", (char *)NULL);
		_exit(127);
	}
	waitpid(child, &status, 0);
	kill(server, 15);
	return WEXITSTATUS(status);
}
