// SPDX-License-Identifier: MIT
/*
 * leave MODE udp|tcp ADDRESS PORT NAME [PROGRAM ARGUMENT...]: asks, and is gone before the answer arrives.
 *
 *   close  the socket dies with the process
 *   kept   a child that was forked before keeps the socket open and reads the answer
 *   exec   the process becomes PROGRAM before the answer arrives
 *   late   the process becomes PROGRAM before it asks: PROGRAM gets the socket as descriptor 3
 */
#include "scenario.h"
#include "exchange.h"

int main(int argc, char **argv)
{
	struct text text;
	union address to;
	unsigned int id;
	int gate[2], fd;
	bool tcp;

	if (argc < 6)
		return 2;
	tcp = !strcmp(argv[2], "tcp");
	to = parse_address(argv[3], argv[4]);
	fd = open_connected(&to, tcp);
	if (!strcmp(argv[1], "late")) {
		if (fd != 3)
			dup2(fd, 3);
		execv(argv[6], argv + 6);
		die("execute \"%s\"", argv[6]);
	}
	id = random_id();
	if (pipe(gate) < 0)
		die("pipe");
	if (!strcmp(argv[1], "kept") && fork() == 0) {
		char octet;

		/* The end of the pipe tells that the parent, who asks, is dead. */
		close(gate[1]);
		if (read(gate[0], &octet, 1) != 0)
			_exit(1);
		await_answer(fd, tcp, id);
		_exit(0);
	}
	identify(&text, "asked");
	ask_as(fd, tcp, argv[5], id);
	asked(&text, argv[5], "A", argv[2], local_port(fd), address_port(&to), -1);
	if (!strcmp(argv[1], "exec")) {
		char number[16];

		snprintf(number, sizeof(number), "%u", id);
		setenv("SCENARIO_ID", number, 1);
		if (fd != 3)
			dup2(fd, 3);
		execv(argv[6], argv + 6);
		die("execute \"%s\"", argv[6]);
	}
	return 0;
}
