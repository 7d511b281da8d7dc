/* SPDX-License-Identifier: MIT */
/*
 * Shared by the scenario programs: DNS queries, addresses, and the ground truth every program logs about itself.
 *
 * One line of ground truth is one JSON object written with one write(2). Texts that can hold any octet (comm, exe,
 * command line) are hex, so that a hostile name cannot break the line.
 */
#ifndef SCENARIO_H
#define SCENARIO_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TYPE_A 1
#define TYPE_TXT 16
#define TYPE_AAAA 28

/* Longest wait for an answer, ms: a guest without hardware virtualisation is slow. */
#define PATIENCE_MS 8000

static inline void die(const char *format, ...)
{
	int code = errno;
	va_list list;

	va_start(list, format);
	vfprintf(stderr, format, list);
	va_end(list);
	fprintf(stderr, ": %s\n", strerror(code));
	exit(2);
}

/* ---- ground truth ---- */

struct text {
	size_t size;
	char data[65536];
};

static inline void add(struct text *text, const char *format, ...)
{
	va_list list;
	int size;

	va_start(list, format);
	size = vsnprintf(text->data + text->size, sizeof(text->data) - text->size, format, list);
	va_end(list);
	if (size > 0 && text->size + (size_t)size < sizeof(text->data))
		text->size += (size_t)size;
}

static inline void add_hex(struct text *text, const void *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		add(text, "%02x", ((const unsigned char *)bytes)[i]);
}

static inline ssize_t read_whole(const char *path, char *buffer, size_t size)
{
	ssize_t total = 0, got;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	while ((size_t)total < size && (got = read(fd, buffer + total, size - (size_t)total)) > 0)
		total += got;
	close(fd);
	return total;
}

/* Opens the object and describes the calling thread; the caller adds its own members and calls emit(). */
static inline void identify(struct text *text, const char *kind)
{
	static __thread char buffer[32768];
	unsigned long long start = 0;
	struct timespec now, boot;
	struct stat status;
	ssize_t size;
	char *cursor;

	text->size = 0;
	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	add(text, "{\"kind\":\"%s\",\"pid\":%d,\"tid\":%d,\"ppid\":%d,\"uid\":%d,\"gid\":%d", kind, (int)getpid(),
	    (int)syscall(SYS_gettid), (int)getppid(), (int)getuid(), (int)getgid());
	size = read_whole("/proc/self/stat", buffer, sizeof(buffer) - 1);
	if (size > 0) {
		buffer[size] = 0;
		/* The comm may hold spaces and parentheses: fields are counted from the last one. */
		cursor = strrchr(buffer, ')');
		for (int field = 2; cursor && field < 22; field++)
			cursor = strchr(cursor + 1, ' ');
		if (cursor)
			start = strtoull(cursor, NULL, 10);
	}
	add(text, ",\"startTicks\":%llu,\"ticksPerSecond\":%ld", start, sysconf(_SC_CLK_TCK));
	add(text, ",\"realtimeMs\":%lld,\"boottimeMs\":%lld", (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000,
	    (long long)boot.tv_sec * 1000 + boot.tv_nsec / 1000000);
	memset(buffer, 0, 32);
	prctl(PR_GET_NAME, buffer);
	add(text, ",\"comm\":\"");
	add_hex(text, buffer, strlen(buffer));
	size = readlink("/proc/thread-self/exe", buffer, sizeof(buffer));
	add(text, "\",\"exe\":\"");
	add_hex(text, buffer, size > 0 ? (size_t)size : 0);
	size = read_whole("/proc/thread-self/cmdline", buffer, sizeof(buffer));
	add(text, "\",\"cmdline\":\"");
	add_hex(text, buffer, size > 0 ? (size_t)size : 0);
	add(text, "\"");
	if (stat("/proc/thread-self/ns/net", &status) == 0)
		add(text, ",\"netns\":%llu", (unsigned long long)status.st_ino);
}

static inline void emit(struct text *text)
{
	add(text, "}\n");
	if (write(STDOUT_FILENO, text->data, text->size) < 0)
		_exit(3);
}

/* ---- addresses ---- */

union address {
	struct sockaddr base;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static inline socklen_t address_size(const union address *address)
{
	return address->base.sa_family == AF_INET ? sizeof(address->v4) : sizeof(address->v6);
}

static inline unsigned int address_port(const union address *address)
{
	return ntohs(address->base.sa_family == AF_INET ? address->v4.sin_port : address->v6.sin6_port);
}

static inline union address parse_address(const char *ip, const char *port)
{
	union address address = {};

	if (inet_pton(AF_INET, ip, &address.v4.sin_addr) == 1) {
		address.v4.sin_family = AF_INET;
		address.v4.sin_port = htons((uint16_t)atoi(port));
	} else if (inet_pton(AF_INET6, ip, &address.v6.sin6_addr) == 1) {
		address.v6.sin6_family = AF_INET6;
		address.v6.sin6_port = htons((uint16_t)atoi(port));
	} else {
		errno = EINVAL;
		die("address \"%s\"", ip);
	}
	return address;
}

static inline unsigned int local_port(int fd)
{
	union address address = {};
	socklen_t size = sizeof(address);

	if (getsockname(fd, &address.base, &size) < 0)
		return 0;
	return address_port(&address);
}

/* ---- DNS ---- */

static inline void put16(uint8_t *at, unsigned int value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static inline unsigned int get16(const uint8_t *at)
{
	return (unsigned int)at[0] << 8 | at[1];
}

static inline unsigned int type_number(const char *type)
{
	if (!strcmp(type, "A"))
		return TYPE_A;
	if (!strcmp(type, "AAAA"))
		return TYPE_AAAA;
	if (!strcmp(type, "TXT"))
		return TYPE_TXT;
	return (unsigned int)atoi(type);
}

/* Writes a name given in master-file escapes (\DDD, \X) and returns its octets on the wire. */
static inline size_t put_name(uint8_t *at, const char *name)
{
	uint8_t *length = at, *cursor = at + 1;

	for (; *name; name++) {
		if (*name == '.') {
			*length = (uint8_t)(cursor - length - 1);
			length = cursor++;
		} else if (*name == '\\' && isdigit((unsigned char)name[1])) {
			*cursor++ = (uint8_t)((name[1] - '0') * 100 + (name[2] - '0') * 10 + (name[3] - '0'));
			name += 3;
		} else {
			if (*name == '\\')
				name++;
			*cursor++ = (uint8_t)*name;
		}
	}
	*length = (uint8_t)(cursor - length - 1);
	*cursor++ = 0;
	return (size_t)(cursor - at);
}

/*
 * Builds a query with RD. `edns` is the advertised size, 0 for no OPT record; `padding` octets of RFC 7830 padding
 * are added to the OPT record. The buffer must hold 320 octets and the padding.
 */
static inline size_t build_query(uint8_t *at, unsigned int id, const char *name, unsigned int type, unsigned int edns,
				 unsigned int padding)
{
	size_t size = 12;

	memset(at, 0, 12);
	put16(at, id);
	at[2] = 1;
	at[5] = 1;
	size += put_name(at + size, name);
	put16(at + size, type);
	put16(at + size + 2, 1);
	size += 4;
	if (edns) {
		at[11] = 1;
		memset(at + size, 0, 11);
		at[size + 2] = 41;
		put16(at + size + 3, edns);
		size += 11;
		if (padding) {
			put16(at + size - 2, padding + 4);
			put16(at + size, 12);
			put16(at + size + 2, padding);
			memset(at + size + 4, 0, padding);
			size += 4 + padding;
		}
	}
	return size;
}

static inline unsigned int random_id(void)
{
	static unsigned int state;

	if (!state)
		state = (unsigned int)getpid() * 2654435761u ^ (unsigned int)time(NULL);
	state = state * 1103515245u + 12345u;
	return state >> 16 & 0xffff;
}

/* Waits for the datagram that answers `id`; returns its rcode, or -1 when none came in time. */
static inline int await_udp(int fd, unsigned int id, int patience_ms)
{
	static __thread uint8_t buffer[65536];
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	ssize_t size;

	while (poll(&poller, 1, patience_ms) > 0) {
		size = recv(fd, buffer, sizeof(buffer), 0);
		if (size < 0 && errno == ECONNREFUSED)
			return -1;
		if (size >= 12 && get16(buffer) == id && buffer[2] & 0x80)
			return buffer[3] & 15;
	}
	return -1;
}

static inline bool read_exact(int fd, uint8_t *buffer, size_t size, int patience_ms)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	ssize_t got;

	while (size > 0) {
		if (poll(&poller, 1, patience_ms) <= 0)
			return false;
		got = recv(fd, buffer, size, 0);
		if (got <= 0)
			return false;
		buffer += got;
		size -= (size_t)got;
	}
	return true;
}

/* Reads one message of a TCP stream; returns its rcode, or -1 at the end of the stream. */
static inline int await_tcp(int fd, int patience_ms)
{
	static uint8_t buffer[65536];
	uint8_t prefix[2];

	if (!read_exact(fd, prefix, 2, patience_ms) || !read_exact(fd, buffer, get16(prefix), patience_ms))
		return -1;
	return buffer[3] & 15;
}

/* Adds what was asked and how it ended to an identified truth, and writes it. `rcode` is -1 without an answer. */
static inline void asked(struct text *text, const char *name, const char *type, const char *transport,
			 unsigned int source_port, unsigned int destination_port, int rcode)
{
	add(text, ",\"type\":\"%s\",\"transport\":\"%s\",\"sourcePort\":%u,\"destinationPort\":%u,\"rcode\":%d,\"name\":\"",
	    type, transport, source_port, destination_port, rcode);
	add_hex(text, name, strlen(name));
	add(text, "\"");
	emit(text);
}

/* Blocks until the runner writes a line; ends the program when the runner is gone. */
static inline void await_line(void)
{
	char octet;

	while (read(STDIN_FILENO, &octet, 1) == 1)
		if (octet == '\n')
			return;
	_exit(0);
}

static inline void ready(void)
{
	struct text text;

	identify(&text, "ready");
	emit(&text);
}

#endif
