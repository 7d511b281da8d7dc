// SPDX-License-Identifier: MIT
/*
 * inherit udp|tcp ADDRESS PORT NAME1 NAME2 NAME3: opens a socket and forks; the child asks NAME1, then both use the
 * same socket at the same time: the parent asks NAME2 and the child NAME3 before either answer is there.
 */
#include "scenario.h"
#include "exchange.h"

static void await_octet(int fd)
{
	char octet;

	if (read(fd, &octet, 1) != 1)
		_exit(1);
}

int main(int argc, char **argv)
{
	int to_child[2], to_parent[2], fd, status;
	unsigned int id, port;
	struct text text;
	union address to;
	bool tcp;
	pid_t child;

	if (argc != 7)
		return 2;
	tcp = !strcmp(argv[1], "tcp");
	to = parse_address(argv[2], argv[3]);
	port = address_port(&to);
	if (pipe(to_child) < 0 || pipe(to_parent) < 0)
		die("pipe");
	fd = open_connected(&to, tcp);
	child = fork();
	if (child == 0) {
		exchange(fd, tcp, argv[4], port);
		if (write(to_parent[1], "x", 1) != 1)
			die("write");
		await_octet(to_child[0]);
		identify(&text, "asked");
		ask(fd, tcp, argv[6]);
		/* Who of the two reads which answer is left open; both only look that two arrived. */
		asked(&text, argv[6], "A", argv[1], local_port(fd), port, 0);
		if (write(to_parent[1], "x", 1) != 1)
			die("write");
		_exit(0);
	}
	await_octet(to_parent[0]);
	identify(&text, "asked");
	id = ask(fd, tcp, argv[5]);
	if (write(to_child[1], "x", 1) != 1)
		die("write");
	await_octet(to_parent[0]);
	waitpid(child, &status, 0);
	asked(&text, argv[5], "A", argv[1], local_port(fd), port, await_answer(fd, tcp, id));
	if (tcp)
		await_tcp(fd, PATIENCE_MS);
	return 0;
}
