/* SPDX-License-Identifier: MIT */
/*
 * Talks through Unix sockets in every way there is and logs what really happened: unix_actors CASE DIRECTORY [COUNT].
 *
 * Each line of standard output is the truth about one thing that was done, as one JSON object:
 * {"event","pid","peer","by","path","type","error"}. A peer of 0 is one that cannot be known any more. What does not
 * apply is left out. Names of sockets are in DIRECTORY, or abstract and begin with it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY 65534

struct name {
	struct sockaddr_un address;
	socklen_t size;
	/* As culprit shows it. */
	char shown[128];
};

static const char *directory;

static void check(int failed, const char *what)
{
	if (!failed)
		return;
	perror(what);
	exit(2);
}

static void say(const char *format, ...)
{
	char line[1024];
	va_list list;
	int size;

	va_start(list, format);
	size = vsnprintf(line, sizeof(line), format, list);
	va_end(list);
	check(write(1, line, size) != size, "write");
}

static const char *type_name(int type)
{
	type &= ~SOCK_NONBLOCK;
	return type == SOCK_STREAM ? "stream" : type == SOCK_SEQPACKET ? "seqpacket" : "datagram";
}

static void say_own(const char *event, const struct name *name, int type)
{
	say("{\"event\":\"%s\",\"pid\":%d,\"path\":\"%s\",\"type\":\"%s\"}\n", event, getpid(), name->shown, type_name(type));
}

static void say_peer(const char *event, pid_t pid, pid_t peer, const char *by, const struct name *name, int type)
{
	say("{\"event\":\"%s\",\"pid\":%d,\"peer\":%d,\"by\":\"%s\",\"path\":\"%s\",\"type\":\"%s\"}\n", event, pid, peer, by,
	    name->shown, type_name(type));
}

static void say_fail(const struct name *name, int type, const char *error)
{
	say("{\"event\":\"fail\",\"pid\":%d,\"path\":\"%s\",\"type\":\"%s\",\"error\":\"%s\"}\n", getpid(), name->shown,
	    type_name(type), error);
}

static struct name path_name(const char *file)
{
	struct name name = { .address = { .sun_family = AF_UNIX } };

	snprintf(name.address.sun_path, sizeof(name.address.sun_path), "%s/%s", directory, file);
	strcpy(name.shown, name.address.sun_path);
	name.size = offsetof(struct sockaddr_un, sun_path) + strlen(name.shown) + 1;
	return name;
}

/* An abstract name with a NUL, a quote's neighbour and octets that are no text after it. */
static struct name abstract_name(void)
{
	struct name name = { .address = { .sun_family = AF_UNIX } };
	int length = snprintf(name.address.sun_path + 1, 100, "%s/abstract%cend", directory, 0);

	name.size = offsetof(struct sockaddr_un, sun_path) + 1 + length;
	snprintf(name.shown, sizeof(name.shown), "@%s/abstract@end", directory);
	return name;
}

static int make_socket(int type)
{
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	check(fd < 0, "socket");
	return fd;
}

static int bound(const struct name *name, int type)
{
	int fd = make_socket(type);

	check(bind(fd, (const void *)&name->address, name->size), "bind");
	say_own("bind", name, type);
	return fd;
}

static int listening(const struct name *name, int type, int backlog)
{
	int fd = bound(name, type);

	check(listen(fd, backlog), "listen");
	say_own("listen", name, type);
	return fd;
}

static int connected(const struct name *name, int type)
{
	int fd = make_socket(type);

	check(connect(fd, (const void *)&name->address, name->size), "connect");
	return fd;
}

static int accepted(int listener)
{
	int fd = accept(listener, NULL, NULL);

	check(fd < 0, "accept");
	return fd;
}

static void must_fail(const struct name *name, int type, int wanted, const char *error)
{
	int fd = make_socket(type);

	check(!connect(fd, (const void *)&name->address, name->size), "connect succeeded");
	check(errno != wanted, "connect");
	say_fail(name, type, error);
	close(fd);
}

static void wait_for(pid_t pid)
{
	int status;

	check(waitpid(pid, &status, 0) != pid, "waitpid");
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		exit(3);
}

/* A process that connects, says something, waits for the answer and ends. */
static pid_t client_of(const struct name *name, int type)
{
	pid_t pid = fork();
	char octet = 'x';
	int fd;

	check(pid < 0, "fork");
	if (pid)
		return pid;
	fd = connected(name, type);
	check(write(fd, &octet, 1) != 1, "write");
	check(read(fd, &octet, 1) != 1, "read");
	exit(0);
}

static void serve(int listener)
{
	int fd = accepted(listener);
	char octet;

	check(read(fd, &octet, 1) != 1, "read");
	check(write(fd, &octet, 1) != 1, "write");
	close(fd);
}

static void say_both(pid_t client, pid_t server, const struct name *name, int type)
{
	say_peer("open", client, server, "acceptor", name, type);
	say_peer("accept", server, client, "opener", name, type);
}

static void plain(const struct name *name, int type)
{
	int listener = listening(name, type, 5);
	pid_t client = client_of(name, type);

	serve(listener);
	wait_for(client);
	say_both(client, getpid(), name, type);
}

static void case_stream(void)
{
	struct name name = path_name("stream");

	plain(&name, SOCK_STREAM);
}

static void case_seqpacket(void)
{
	struct name name = path_name("seqpacket");

	plain(&name, SOCK_SEQPACKET);
}

static void case_abstract(void)
{
	struct name name = abstract_name();

	plain(&name, SOCK_STREAM);
}

/* The longest path there is, without a NUL at its end. */
static void case_long(void)
{
	struct name name = path_name("");
	size_t length = strlen(name.shown);

	memset(name.address.sun_path + length, 'l', sizeof(name.address.sun_path) - length);
	memset(name.shown + length, 'l', sizeof(name.address.sun_path) - length);
	name.size = sizeof(name.address);
	plain(&name, SOCK_STREAM);
}

static void case_refused(void)
{
	struct name name = path_name("refused");
	struct name missing = path_name("missing");
	int listener = listening(&name, SOCK_STREAM, 5);

	must_fail(&name, SOCK_SEQPACKET, EPROTOTYPE, "EPROTOTYPE");
	close(listener);
	must_fail(&name, SOCK_STREAM, ECONNREFUSED, "ECONNREFUSED");
	must_fail(&missing, SOCK_STREAM, ENOENT, "ENOENT");
}

static void case_denied(void)
{
	struct name name = path_name("denied");
	pid_t client;

	listening(&name, SOCK_STREAM, 5);
	check(chmod(name.shown, 0600), "chmod");
	client = fork();
	if (!client) {
		check(setresuid(NOBODY, NOBODY, NOBODY), "setresuid");
		must_fail(&name, SOCK_STREAM, EACCES, "EACCES");
		exit(0);
	}
	wait_for(client);
}

/* The queue of the listener is full. */
static void case_full(void)
{
	struct name name = path_name("full");

	listening(&name, SOCK_STREAM, 0);
	connected(&name, SOCK_STREAM);
	say_peer("open", getpid(), getpid(), "listener", &name, SOCK_STREAM);
	must_fail(&name, SOCK_STREAM | SOCK_NONBLOCK, EAGAIN, "EAGAIN");
}

/* A child accepts from the listener it inherited. */
static void case_inherited(void)
{
	struct name name = path_name("inherited");
	int listener = listening(&name, SOCK_STREAM, 5);
	pid_t client, server = fork();

	if (!server) {
		serve(listener);
		exit(0);
	}
	client = client_of(&name, SOCK_STREAM);
	wait_for(server);
	wait_for(client);
	say_both(client, server, &name, SOCK_STREAM);
}

static void send_descriptor(int channel, int fd)
{
	char octet = 0, control[CMSG_SPACE(sizeof(int))] = {};
	struct iovec part = { &octet, 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control,
				  .msg_controllen = sizeof(control) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(int));
	check(sendmsg(channel, &message, 0) != 1, "sendmsg");
}

static int receive_descriptor(int channel)
{
	char octet, control[CMSG_SPACE(sizeof(int))] = {};
	struct iovec part = { &octet, 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control,
				  .msg_controllen = sizeof(control) };
	int fd;

	check(recvmsg(channel, &message, 0) != 1, "recvmsg");
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
	return fd;
}

/* The listener is passed to a process that was there before it. */
static void case_passed(void)
{
	struct name name = path_name("passed");
	pid_t client, server;
	int channel[2];

	check(socketpair(AF_UNIX, SOCK_STREAM, 0, channel), "socketpair");
	server = fork();
	if (!server) {
		serve(receive_descriptor(channel[1]));
		exit(0);
	}
	send_descriptor(channel[0], listening(&name, SOCK_STREAM, 5));
	client = client_of(&name, SOCK_STREAM);
	wait_for(server);
	wait_for(client);
	say_both(client, server, &name, SOCK_STREAM);
}

/* Who called listen(2) has ended, and nobody accepts: the other end cannot be known. */
static void case_orphaned(void)
{
	struct name name = path_name("orphaned");
	int ready[2], held[2];
	pid_t maker;
	char octet;

	check(pipe(ready) || pipe(held), "pipe");
	maker = fork();
	if (!maker) {
		listening(&name, SOCK_STREAM, 5);
		if (fork())
			exit(0);
		/* Has the listener until the end of the case. */
		close(held[1]);
		check(write(ready[1], "x", 1) != 1, "write");
		check(read(held[0], &octet, 1) != 0, "read");
		exit(0);
	}
	wait_for(maker);
	check(read(ready[0], &octet, 1) != 1, "read");
	connected(&name, SOCK_STREAM);
	say_peer("open", getpid(), 0, "unknown", &name, SOCK_STREAM);
	close(held[1]);
}

/* The client ended long before it is accepted. */
static void case_brief(void)
{
	struct name name = path_name("brief");
	int listener = listening(&name, SOCK_STREAM, 5);
	pid_t client = fork();

	if (!client) {
		connected(&name, SOCK_STREAM);
		exit(0);
	}
	wait_for(client);
	accepted(listener);
	say_both(client, getpid(), &name, SOCK_STREAM);
}

static void *connect_in_thread(void *name)
{
	connected(name, SOCK_STREAM);
	return NULL;
}

static void case_thread(void)
{
	struct name name = path_name("thread");
	int listener = listening(&name, SOCK_STREAM, 5);
	pthread_t thread;

	check(pthread_create(&thread, NULL, connect_in_thread, &name), "pthread_create");
	accepted(listener);
	pthread_join(thread, NULL);
	say_both(getpid(), getpid(), &name, SOCK_STREAM);
}

/* The same path in two mount namespaces: two sockets. */
static void case_mounts(void)
{
	struct name name = path_name("mounts/socket");
	char inside[128];
	int listener;
	pid_t client, other;

	snprintf(inside, sizeof(inside), "%s/mounts", directory);
	check(mkdir(inside, 0700), "mkdir");
	listener = listening(&name, SOCK_STREAM, 5);
	other = fork();
	if (!other) {
		close(listener);
		check(unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "unshare");
		check(mount("none", inside, "tmpfs", 0, NULL), "mount");
		plain(&name, SOCK_STREAM);
		exit(0);
	}
	client = client_of(&name, SOCK_STREAM);
	serve(listener);
	wait_for(client);
	wait_for(other);
	say_both(client, getpid(), &name, SOCK_STREAM);
}

/* Sockets in the kernel take the places of those before. */
static void case_churn(int count)
{
	struct name name = path_name("churn");
	int listener = listening(&name, SOCK_STREAM, 5);
	pid_t server = getpid();
	pid_t client = fork();

	for (int i = 0; i < count; i++) {
		if (client) {
			close(accepted(listener));
		} else {
			close(connected(&name, SOCK_STREAM));
		}
	}
	if (!client)
		exit(0);
	wait_for(client);
	for (int i = 0; i < count; i++)
		say_both(client, server, &name, SOCK_STREAM);
}

static int completed(struct io_uring *ring)
{
	struct io_uring_cqe *done;
	int result;

	check(io_uring_submit(ring) < 0 || io_uring_wait_cqe(ring, &done), "io_uring");
	result = done->res;
	io_uring_cqe_seen(ring, done);
	return result;
}

static void case_uring_connect(void)
{
	struct name name = path_name("uring-connect");
	int listener = listening(&name, SOCK_STREAM, 5);
	pid_t client = fork();

	if (!client) {
		struct io_uring ring;
		int fd = make_socket(SOCK_STREAM);
		char octet;

		check(io_uring_queue_init(4, &ring, 0), "io_uring_queue_init");
		io_uring_prep_connect(io_uring_get_sqe(&ring), fd, (void *)&name.address, name.size);
		check(completed(&ring), "connect");
		check(read(fd, &octet, 1) != 0, "read");
		exit(0);
	}
	close(accepted(listener));
	wait_for(client);
	say_both(client, getpid(), &name, SOCK_STREAM);
}

static void case_uring_accept(void)
{
	struct name name = path_name("uring-accept");
	int listener = listening(&name, SOCK_STREAM, 5);
	struct io_uring ring;
	pid_t client = fork();

	if (!client) {
		connected(&name, SOCK_STREAM);
		exit(0);
	}
	check(io_uring_queue_init(4, &ring, 0), "io_uring_queue_init");
	io_uring_prep_accept(io_uring_get_sqe(&ring), listener, NULL, NULL, 0);
	check(completed(&ring) < 0, "accept");
	wait_for(client);
	say_both(client, getpid(), &name, SOCK_STREAM);
}

/* Listens, says so, and serves once a line came. */
static void case_earlier(void)
{
	struct name name = path_name("earlier");
	int listener = listening(&name, SOCK_STREAM, 5);
	char octet;
	pid_t client;

	check(read(0, &octet, 1) != 1, "read");
	client = client_of(&name, SOCK_STREAM);
	serve(listener);
	wait_for(client);
	say_both(client, getpid(), &name, SOCK_STREAM);
}

/* Waits until a process waits: one that is awake may take a datagram before anybody can see which one it is. */
static void wait_asleep(pid_t pid)
{
	char path[32], text[512], *end;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	for (;;) {
		file = fopen(path, "r");
		check(!file, "fopen");
		check(!fgets(text, sizeof(text), file), "fgets");
		fclose(file);
		end = strrchr(text, ')');
		if (end && end[2] == 'S')
			return;
	}
}

/* A process that sends from a socket without a name, connected or not, once the receiver waits, and ends. */
static pid_t sender_to(const struct name *name, bool is_connected, pid_t receiver)
{
	pid_t pid = fork();
	int fd;

	check(pid < 0, "fork");
	if (pid)
		return pid;
	wait_asleep(receiver);
	fd = is_connected ? connected(name, SOCK_DGRAM) : make_socket(SOCK_DGRAM);
	/* One is told. */
	for (int i = 0; i < 3; i++) {
		if (is_connected)
			check(send(fd, "x", 1, 0) != 1, "send");
		else
			check(sendto(fd, "x", 1, 0, (const void *)&name->address, name->size) != 1, "sendto");
	}
	exit(0);
}

static void receive(int fd, int count)
{
	char octet;

	while (count--)
		check(recv(fd, &octet, 1, 0) != 1, "recv");
}

static void mailbox(const struct name *name, bool is_connected)
{
	int fd = bound(name, SOCK_DGRAM);
	pid_t sender = sender_to(name, is_connected, getpid());

	receive(fd, 3);
	wait_for(sender);
	say_peer("open", sender, getpid(), "receiver", name, SOCK_DGRAM);
}

static void case_datagram(void)
{
	struct name name = path_name("datagram");

	mailbox(&name, false);
}

static void case_datagram_connected(void)
{
	struct name name = path_name("datagram");

	mailbox(&name, true);
}

static void case_datagram_abstract(void)
{
	struct name name = abstract_name();

	mailbox(&name, false);
}

/* Two processes take turns in receiving. */
static void case_datagram_shared(void)
{
	struct name name = path_name("shared");
	int fd = bound(&name, SOCK_DGRAM);

	for (int i = 0; i < 4; i++) {
		pid_t sender, receiver = fork();

		if (!receiver) {
			receive(fd, 3);
			exit(0);
		}
		sender = sender_to(&name, i & 1, receiver);
		wait_for(receiver);
		wait_for(sender);
		say_peer("open", sender, receiver, "receiver", &name, SOCK_DGRAM);
	}
}

static void send_to(int fd, const struct name *name, const void *octets, size_t size)
{
	check(sendto(fd, octets, size, 0, (const void *)&name->address, name->size) != (ssize_t)size, "sendto");
}

/* One datagram goes with the socket it was sent to; the next from the same socket takes its place in memory. */
static void case_datagram_dropped(void)
{
	struct name name = path_name("read");
	struct name shut = path_name("shut");
	int own = make_socket(SOCK_DGRAM), fd = bound(&name, SOCK_DGRAM), unread;
	cpu_set_t first;
	pid_t receiver;

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	check(sched_setaffinity(0, sizeof(first), &first), "sched_setaffinity");
	receiver = fork();
	if (!receiver) {
		receive(fd, 4);
		exit(0);
	}
	unread = bound(&shut, SOCK_DGRAM);
	wait_asleep(receiver);
	send_to(own, &name, "x", 1);
	wait_asleep(receiver);
	send_to(own, &shut, "x", 1);
	close(unread);
	for (int i = 0; i < 3; i++)
		send_to(own, &name, "x", 1);
	wait_for(receiver);
	say_peer("open", getpid(), receiver, "receiver", &name, SOCK_DGRAM);
	say_peer("open", getpid(), getpid(), "listener", &shut, SOCK_DGRAM);
}

struct parcel {
	pid_t sender;
	int sequence;
	bool is_last;
};

static void receive_parcels(int fd, const struct name *name)
{
	struct parcel parcel = {};

	while (!parcel.is_last) {
		check(recv(fd, &parcel, sizeof(parcel), 0) != sizeof(parcel), "recv");
		if (parcel.sequence == 0)
			say_peer("open", parcel.sender, getpid(), "receiver", name, SOCK_DGRAM);
	}
}

/* Many processes send at the same time, with sockets of their own, to two that share a socket. */
static void case_datagram_race(int count)
{
	struct name name = path_name("race");
	int fd = bound(&name, SOCK_DGRAM), own = make_socket(SOCK_DGRAM);
	struct parcel last = { .sender = getpid(), .is_last = true };
	pid_t receivers[2], senders[4];

	for (int i = 0; i < 2; i++) {
		receivers[i] = fork();
		if (!receivers[i]) {
			receive_parcels(fd, &name);
			exit(0);
		}
	}
	for (int i = 0; i < count; i += 4) {
		for (int j = 0; j < 4; j++) {
			senders[j] = fork();
			if (senders[j])
				continue;
			own = make_socket(SOCK_DGRAM);
			for (struct parcel one = { .sender = getpid() }; one.sequence < 3; one.sequence++)
				send_to(own, &name, &one, sizeof(one));
			exit(0);
		}
		for (int j = 0; j < 4; j++)
			wait_for(senders[j]);
	}
	for (; last.sequence < 2; last.sequence++)
		send_to(own, &name, &last, sizeof(last));
	for (int i = 0; i < 2; i++)
		wait_for(receivers[i]);
}

static void case_datagram_unread(void)
{
	struct name name = path_name("unread");
	pid_t sender;

	bound(&name, SOCK_DGRAM);
	sender = sender_to(&name, false, getpid());
	wait_for(sender);
	say_peer("open", sender, getpid(), "listener", &name, SOCK_DGRAM);
}

/* Sent through io_uring, received there, too: which datagram is whose is not known then. */
static void case_datagram_uring(void)
{
	struct name name = path_name("uring");
	int fd = bound(&name, SOCK_DGRAM);
	struct io_uring ring;
	char octet;
	pid_t sender = fork();

	if (!sender) {
		int own = connected(&name, SOCK_DGRAM);

		check(io_uring_queue_init(4, &ring, 0), "io_uring_queue_init");
		io_uring_prep_send(io_uring_get_sqe(&ring), own, "x", 1, 0);
		check(completed(&ring) != 1, "send");
		exit(0);
	}
	check(io_uring_queue_init(4, &ring, 0), "io_uring_queue_init");
	io_uring_prep_recv(io_uring_get_sqe(&ring), fd, &octet, 1, 0);
	check(completed(&ring) != 1, "recv");
	wait_for(sender);
	say_peer("open", sender, getpid(), "listener", &name, SOCK_DGRAM);
}

static void case_datagram_refused(void)
{
	struct name name = path_name("refused");
	struct name missing = path_name("missing");
	struct iovec part = { "x", 1 };
	struct msghdr message = { .msg_name = &missing.address, .msg_namelen = missing.size, .msg_iov = &part,
				  .msg_iovlen = 1 };
	int fd = make_socket(SOCK_DGRAM);

	close(bound(&name, SOCK_DGRAM));
	check(sendto(fd, "x", 1, 0, (const void *)&name.address, name.size) != -1 || errno != ECONNREFUSED, "sendto");
	say_fail(&name, SOCK_DGRAM, "ECONNREFUSED");
	check(sendmsg(fd, &message, 0) != -1 || errno != ENOENT, "sendmsg");
	say_fail(&missing, SOCK_DGRAM, "ENOENT");
	must_fail(&missing, SOCK_DGRAM, ENOENT, "ENOENT");
}

/* Has a mailbox before culprit comes, which nobody reads. */
static void case_earlier_datagram(void)
{
	struct name name = path_name("earlier");
	pid_t sender;
	char octet;

	bound(&name, SOCK_DGRAM);
	check(read(0, &octet, 1) != 1, "read");
	sender = sender_to(&name, true, getpid());
	wait_for(sender);
	say_peer("open", sender, getpid(), "holder", &name, SOCK_DGRAM);
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "stream", case_stream },
	{ "seqpacket", case_seqpacket },
	{ "abstract", case_abstract },
	{ "long", case_long },
	{ "refused", case_refused },
	{ "denied", case_denied },
	{ "full", case_full },
	{ "inherited", case_inherited },
	{ "passed", case_passed },
	{ "orphaned", case_orphaned },
	{ "brief", case_brief },
	{ "thread", case_thread },
	{ "mounts", case_mounts },
	{ "uring-connect", case_uring_connect },
	{ "uring-accept", case_uring_accept },
	{ "datagram", case_datagram },
	{ "datagram-connected", case_datagram_connected },
	{ "datagram-abstract", case_datagram_abstract },
	{ "datagram-shared", case_datagram_shared },
	{ "datagram-dropped", case_datagram_dropped },
	{ "datagram-unread", case_datagram_unread },
	{ "datagram-uring", case_datagram_uring },
	{ "datagram-refused", case_datagram_refused },
	{ "earlier", case_earlier },
	{ "earlier-datagram", case_earlier_datagram },
};

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	directory = argv[2];
	if (!strcmp(argv[1], "churn")) {
		case_churn(argc > 3 ? atoi(argv[3]) : 1000);
		return 0;
	}
	if (!strcmp(argv[1], "datagram-race")) {
		case_datagram_race(argc > 3 ? atoi(argv[3]) : 100);
		return 0;
	}
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (!strcmp(argv[1], cases[i].name)) {
			cases[i].run();
			return 0;
		}
	}
	return 2;
}
