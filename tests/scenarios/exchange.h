/* SPDX-License-Identifier: MIT */
/* One question and its answer over a connected socket, with the truth about the asking thread. */
#ifndef EXCHANGE_H
#define EXCHANGE_H

#include "scenario.h"

static inline int open_connected(const union address *to, bool tcp)
{
	int fd = socket(to->base.sa_family, tcp ? SOCK_STREAM : SOCK_DGRAM, 0);

	if (fd < 0 || connect(fd, &to->base, address_size(to)) < 0)
		die("connect");
	return fd;
}

/* Sends one question for an A record. */
static inline void ask_as(int fd, bool tcp, const char *name, unsigned int id)
{
	uint8_t query[600];
	size_t size = build_query(query + 2, id, name, TYPE_A, 0, 0);

	put16(query, (unsigned int)size);
	if (send(fd, tcp ? query : query + 2, tcp ? size + 2 : size, MSG_NOSIGNAL) < 0)
		die("send");
}

/* Sends one question for an A record under a random id, which it returns. */
static inline unsigned int ask(int fd, bool tcp, const char *name)
{
	unsigned int id = random_id();

	ask_as(fd, tcp, name, id);
	return id;
}

static inline int await_answer(int fd, bool tcp, unsigned int id)
{
	return tcp ? await_tcp(fd, PATIENCE_MS) : await_udp(fd, id, PATIENCE_MS);
}

static inline void exchange(int fd, bool tcp, const char *name, unsigned int port)
{
	struct text text;
	unsigned int id;

	identify(&text, "asked");
	id = ask(fd, tcp, name);
	asked(&text, name, "A", tcp ? "tcp" : "udp", local_port(fd), port, await_answer(fd, tcp, id));
}

#endif
