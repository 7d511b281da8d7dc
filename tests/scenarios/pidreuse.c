// SPDX-License-Identifier: MIT
/*
 * pidreuse ADDRESS PORT NAME1 NAME2 PROGRAM: a child asks NAME1 and ends before its answer arrives; a second child is
 * given the same pid at once (clone3 set_tid, Linux 5.5) and becomes PROGRAM, which asks NAME2.
 */
#include "scenario.h"
#include "exchange.h"
#include <linux/sched.h>
#include <signal.h>

int main(int argc, char **argv)
{
	union address to;
	struct clone_args arguments;
	pid_t first, second, wanted[1];
	int status;

	if (argc != 6)
		return 2;
	to = parse_address(argv[1], argv[2]);
	first = fork();
	if (first == 0) {
		int fd = open_connected(&to, false);
		struct text text;

		identify(&text, "asked");
		ask(fd, false, argv[3]);
		asked(&text, argv[3], "A", "udp", local_port(fd), address_port(&to), -1);
		_exit(0);
	}
	waitpid(first, &status, 0);
	wanted[0] = first;
	memset(&arguments, 0, sizeof(arguments));
	arguments.exit_signal = SIGCHLD;
	arguments.set_tid = (uint64_t)(uintptr_t)wanted;
	arguments.set_tid_size = 1;
	second = (pid_t)syscall(SYS_clone3, &arguments, sizeof(arguments));
	if (second == 0) {
		execl(argv[5], argv[5], "-m", "sendto", argv[1], argv[2], argv[4], "A", (char *)NULL);
		_exit(1);
	}
	if (second < 0)
		die("clone3 with pid %d", (int)first);
	waitpid(second, &status, 0);
	return status ? 1 : 0;
}
