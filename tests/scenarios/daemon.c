// SPDX-License-Identifier: MIT
/* daemon ADDRESS PORT NAME: forks twice as daemons do; the grandchild asks NAME once its parent is gone. */
#include "scenario.h"
#include "exchange.h"
#include <sched.h>

int main(int argc, char **argv)
{
	union address to;
	int gate[2];
	pid_t middle;
	char octet;

	if (argc != 4 || pipe(gate) < 0)
		return 2;
	to = parse_address(argv[1], argv[2]);
	if (fork() != 0) {
		/* Ends when the grandchild does: the runner waits for that. */
		close(gate[1]);
		return read(gate[0], &octet, 1) != 0;
	}
	setsid();
	middle = getpid();
	if (fork() != 0)
		_exit(0);
	while (getppid() == middle)
		sched_yield();
	exchange(open_connected(&to, false), false, argv[3], address_port(&to));
	return 0;
}
