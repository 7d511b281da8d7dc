// SPDX-License-Identifier: MIT
/*
 * server [options] ADDRESS PORT [ADDRESS PORT]...: an authoritative server over UDP and TCP whose behaviour is chosen
 * by the labels of the name that is asked, so that one server serves every scenario:
 *
 *   drop      never answer              nx, servfail, refused   answer with that rcode
 *   dropN     answer the (N+1)th time   delayN                  answer after N ms
 *   sizeN     answer of about N octets  tc                      truncate over UDP whatever fits
 *   close     TCP: close unanswered     half                    TCP: close after half the answer
 *   dribble   TCP: answer in pieces
 *
 * Options: -m N  answer 192.0.2.N and 2001:db8::N      -f FD  serve this inherited UDP socket as well
 *          -r    SO_REUSEPORT      -d  dual stack       -s MS  sleep before reading an accepted connection
 *          -w    bind, then wait for a line before serving
 *          -p    answer 10.X.Y.Z, the pid of the answering process
 *          -F    fork a process for each connection     -K N  fork N processes that share every socket
 */
#include "scenario.h"
#include <signal.h>

#define MAX_FDS 128
#define MAX_PENDING 4096

struct pending {
	uint64_t due_ms;
	int fd;
	bool tcp, close_after, half, dribble;
	union address peer;
	size_t size;
	uint8_t *message;
};

struct stream {
	size_t size;
	uint8_t data[65536 + 2];
};

enum kind { LISTENER = 1, DATAGRAM, STREAM };

static struct pollfd fds[MAX_FDS];
static enum kind kinds[MAX_FDS];
static struct stream *streams[MAX_FDS];
static int fd_count;
static struct pending queue[MAX_PENDING];
static int queued;
static unsigned int mark = 1;
static bool reuse_port, dual, pid_answers, fork_connections;
static int stall_ms;
static struct {
	char name[256];
	unsigned int count;
} seen[64];
static unsigned int seen_count;

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void watch(int fd, enum kind kind)
{
	if (fd_count == MAX_FDS) {
		close(fd);
		return;
	}
	fds[fd_count] = (struct pollfd){ .fd = fd, .events = POLLIN };
	kinds[fd_count] = kind;
	streams[fd_count] = kind == STREAM ? calloc(1, sizeof(struct stream)) : NULL;
	fd_count++;
}

static void drop_fd(int fd)
{
	for (int i = 0; i < fd_count; i++) {
		if (fds[i].fd != fd)
			continue;
		free(streams[i]);
		fd_count--;
		fds[i] = fds[fd_count];
		kinds[i] = kinds[fd_count];
		streams[i] = streams[fd_count];
		break;
	}
	for (int i = 0; i < queued; i++)
		if (queue[i].fd == fd && queue[i].tcp)
			queue[i].fd = -1;
	close(fd);
}

static void open_socket(const union address *address, int type)
{
	int fd = socket(address->base.sa_family, type, 0), on = 1, off = 0, small = 2304;

	if (fd < 0)
		die("open a socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (reuse_port)
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	if (address->base.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, dual ? &off : &on, sizeof(on));
	if (stall_ms && type == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	if (bind(fd, &address->base, address_size(address)) < 0)
		die("bind port %u", address_port(address));
	if (type == SOCK_STREAM && listen(fd, 64) < 0)
		die("listen");
	watch(fd, type == SOCK_STREAM ? LISTENER : DATAGRAM);
}

static void send_now(struct pending *item)
{
	if (item->fd >= 0 && item->tcp) {
		static uint8_t framed[65538];
		size_t size = item->size + 2;
		int on = 1;

		put16(framed, (unsigned int)item->size);
		memcpy(framed + 2, item->message, item->size);
		if (item->half)
			size /= 2;
		setsockopt(item->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		for (size_t at = 0, part; at < size; at += part) {
			part = !item->dribble ? size - at : at == 0 ? 2 : (size - 2) / 3 + 1;
			if (part > size - at)
				part = size - at;
			if (send(item->fd, framed + at, part, MSG_NOSIGNAL) < 0)
				break;
		}
		if (item->half)
			drop_fd(item->fd);
	} else if (item->fd >= 0) {
		sendto(item->fd, item->message, item->size, 0, &item->peer.base, address_size(&item->peer));
	}
	free(item->message);
}

/* The number after `word` in the label at `label`, 0 when there is none, -1 when the label is another one. */
static long label_number(const uint8_t *label, const char *word)
{
	size_t size = strlen(word);
	char digits[8] = {};

	if (label[0] < size || label[0] > size + 6 || memcmp(label + 1, word, size))
		return -1;
	memcpy(digits, label + 1 + size, label[0] - size);
	for (char *digit = digits; *digit; digit++)
		if (!isdigit((unsigned char)*digit))
			return -1;
	return atol(digits);
}

static bool still_dropped(const uint8_t *name, size_t size, long times)
{
	unsigned int i;

	if (times == 0)
		return true;
	if (size > sizeof(seen[0].name))
		size = sizeof(seen[0].name);
	for (i = 0; i < seen_count; i++)
		if (!memcmp(seen[i].name, name, size))
			break;
	if (i == seen_count) {
		if (seen_count == 64)
			return false;
		memset(&seen[i], 0, sizeof(seen[i]));
		memcpy(seen[i].name, name, size);
		seen_count++;
	}
	return seen[i].count++ < (unsigned long)times;
}

static void answer(int fd, bool tcp, const uint8_t *query, size_t query_size, const union address *peer)
{
	unsigned int rcode = 0, limit = tcp ? 65535 : 512, type;
	struct pending item = { .fd = fd, .tcp = tcp };
	size_t name_size = 0, size, wanted = 0;
	long delay = 0, number;
	bool truncate = false;
	uint8_t *out;

	if (query_size < 17 || query[2] & 0x80 || get16(query + 4) != 1)
		return;
	for (size_t at = 12; at < query_size && query[at]; at += query[at] + 1u) {
		const uint8_t *label = query + at;

		if (label[0] > 63 || at + label[0] >= query_size)
			return;
		name_size += label[0] + 1u;
		if ((number = label_number(label, "drop")) >= 0) {
			size_t rest = query_size - 12;

			if (still_dropped(query + 12, rest, number))
				return;
		}
		if (label_number(label, "nx") == 0)
			rcode = 3;
		if (label_number(label, "servfail") == 0)
			rcode = 2;
		if (label_number(label, "refused") == 0)
			rcode = 5;
		if ((number = label_number(label, "delay")) > 0)
			delay = number;
		if ((number = label_number(label, "size")) > 0)
			wanted = (size_t)number;
		if (label_number(label, "tc") == 0)
			truncate = !tcp;
		if (label_number(label, "half") == 0)
			item.half = tcp;
		if (label_number(label, "dribble") == 0)
			item.dribble = tcp;
		if (label_number(label, "close") == 0 && tcp) {
			drop_fd(fd);
			return;
		}
	}
	size = 12 + name_size + 1 + 4;
	if (size > query_size)
		return;
	type = get16(query + size - 4);
	if (!tcp && query_size >= size + 11 && query[size] == 0 && get16(query + size + 1) == 41)
		limit = get16(query + size + 3);
	out = calloc(1, 65536 + 1024);
	memcpy(out, query, size);
	put16(out + 2, 0x8580 | rcode);
	memset(out + 6, 0, 6);
	if (!rcode && wanted) {
		/* TXT records of 255 octets each until the message is as large as asked. */
		while (size + 12 < wanted && size < 65000) {
			unsigned int text = wanted - size - 12 > 256 ? 255 : (unsigned int)(wanted - size - 13);

			if (text > 255)
				text = 0;
			memcpy(out + size, "\xc0\x0c\x00\x10\x00\x01\x00\x00\x00\x3c", 10);
			put16(out + size + 10, text + 1);
			out[size + 12] = (uint8_t)text;
			memset(out + size + 13, 'x', text);
			size += 13 + text;
			put16(out + 6, get16(out + 6) + 1);
		}
	} else if (!rcode && (type == TYPE_A || type == TYPE_AAAA)) {
		unsigned int octets = type == TYPE_A ? 4 : 16;

		memcpy(out + size, "\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04", 12);
		put16(out + size + 2, type);
		out[size + 11] = (uint8_t)octets;
		size += 12;
		memcpy(out + size, type == TYPE_A ? "\xc0\x00\x02" : "\x20\x01\x0d\xb8", type == TYPE_A ? 3 : 4);
		out[size + octets - 1] = (uint8_t)mark;
		if (pid_answers && type == TYPE_A) {
			put16(out + size + 2, (unsigned int)getpid() & 0xffff);
			put16(out + size, (unsigned int)getpid() >> 16 & 0xff);
			out[size] = 10;
		}
		size += octets;
		out[7] = 1;
	}
	if (truncate || (!tcp && size > limit)) {
		size = 12 + name_size + 1 + 4;
		memset(out + 6, 0, 6);
		out[2] |= 2;
	}
	item.message = out;
	item.size = size;
	if (peer)
		item.peer = *peer;
	item.due_ms = now_ms() + (uint64_t)delay;
	if (!delay)
		send_now(&item);
	else if (queued < MAX_PENDING)
		queue[queued++] = item;
	else
		free(out);
}

static void read_stream(int index)
{
	struct stream *stream = streams[index];
	int fd = fds[index].fd;
	ssize_t got = recv(fd, stream->data + stream->size, sizeof(stream->data) - stream->size, 0);

	if (got <= 0) {
		drop_fd(fd);
		return;
	}
	stream->size += (size_t)got;
	while (stream->size >= 2) {
		size_t size = get16(stream->data);
		static uint8_t message[65536];

		if (stream->size < size + 2)
			break;
		memcpy(message, stream->data + 2, size);
		stream->size -= size + 2;
		memmove(stream->data, stream->data + size + 2, stream->size);
		answer(fd, true, message, size, NULL);
		/* The answer may have closed the connection. */
		if (index >= fd_count || fds[index].fd != fd)
			return;
	}
}

static int run_queue(void)
{
	int timeout = -1;

	for (int i = 0; i < queued;) {
		uint64_t now = now_ms();

		if (queue[i].due_ms <= now) {
			struct pending item = queue[i];

			queue[i] = queue[--queued];
			send_now(&item);
			continue;
		}
		if (timeout < 0 || queue[i].due_ms - now < (uint64_t)timeout)
			timeout = (int)(queue[i].due_ms - now);
		i++;
	}
	return timeout;
}

int main(int argc, char **argv)
{
	static uint8_t message[65536];
	int option, workers = 0;
	bool wait = false;

	while ((option = getopt(argc, argv, "+m:f:rds:wpFK:")) != -1) {
		if (option == 'm')
			mark = (unsigned int)atoi(optarg);
		else if (option == 'f')
			watch(atoi(optarg), DATAGRAM);
		else if (option == 'r')
			reuse_port = true;
		else if (option == 'd')
			dual = true;
		else if (option == 's')
			stall_ms = atoi(optarg);
		else if (option == 'p')
			pid_answers = true;
		else if (option == 'F')
			fork_connections = true;
		else if (option == 'K')
			workers = atoi(optarg);
		else if (option == 'w')
			wait = true;
		else
			return 2;
	}
	for (; optind + 1 < argc; optind += 2) {
		union address address = parse_address(argv[optind], argv[optind + 1]);

		open_socket(&address, SOCK_DGRAM);
		open_socket(&address, SOCK_STREAM);
	}
	ready();
	if (wait)
		await_line();
	signal(SIGCHLD, SIG_IGN);
	for (bool parent = true; parent && workers > 0; workers--) {
		parent = fork() != 0;
		/* The parent of workers only waits. */
		if (parent && workers == 1)
			fd_count = 0;
	}
	fds[fd_count] = (struct pollfd){ .fd = STDIN_FILENO, .events = POLLIN };
	kinds[fd_count++] = 0;
	for (;;) {
		/* A process of one connection ends with it. */
		if (fork_connections && fd_count == 1)
			return 0;
		if (poll(fds, (nfds_t)fd_count, run_queue()) < 0)
			die("poll");
		for (int i = 0; i < fd_count; i++) {
			int fd = fds[i].fd;

			if (!fds[i].revents)
				continue;
			fds[i].revents = 0;
			if (fd == STDIN_FILENO) {
				/* A line changes nothing; the end of the runner ends the server. */
				if (read(fd, message, sizeof(message)) <= 0)
					return 0;
			} else if (kinds[i] == LISTENER) {
				int accepted = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

				if (accepted >= 0 && fork_connections) {
					if (fork() != 0) {
						close(accepted);
						continue;
					}
					fd_count = 0;
					watch(accepted, STREAM);
					fds[fd_count] = (struct pollfd){ .fd = STDIN_FILENO, .events = POLLIN };
					kinds[fd_count++] = 0;
				} else if (accepted >= 0) {
					if (stall_ms)
						poll(NULL, 0, stall_ms);
					watch(accepted, STREAM);
				}
			} else if (kinds[i] == STREAM) {
				read_stream(i);
			} else {
				union address peer = {};
				socklen_t size = sizeof(peer);
				/* Another process that shares the socket may have been faster. */
				ssize_t got = recvfrom(fd, message, sizeof(message), MSG_DONTWAIT, &peer.base, &size);

				if (got > 0)
					answer(fd, false, message, (size_t)got, &peer);
			}
		}
	}
}
