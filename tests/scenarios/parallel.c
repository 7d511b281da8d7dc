// SPDX-License-Identifier: MIT
/*
 * parallel ADDRESS PORT NAME: A and AAAA at the same time from two threads on two connected sockets with EDNS 1232,
 * as the resolver of the Go runtime does.
 */
#include "scenario.h"
#include <pthread.h>

static union address to;
static const char *name;

static void *ask(void *type)
{
	uint8_t query[512];
	unsigned int id = (unsigned int)syscall(SYS_gettid) & 0xffff;
	size_t size = build_query(query, id, name, type_number(type), 1232, 0);
	int fd = socket(to.base.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct text text;

	if (fd < 0 || connect(fd, &to.base, address_size(&to)) < 0)
		die("connect");
	identify(&text, "asked");
	if (write(fd, query, size) < 0)
		die("write");
	asked(&text, name, type, "udp", local_port(fd), address_port(&to), await_udp(fd, id, PATIENCE_MS));
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[2];

	if (argc != 4)
		return 2;
	to = parse_address(argv[1], argv[2]);
	name = argv[3];
	pthread_create(&threads[0], NULL, ask, "A");
	pthread_create(&threads[1], NULL, ask, "AAAA");
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	return 0;
}
