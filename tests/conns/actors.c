/* SPDX-License-Identifier: MIT */
/*
 * Makes connections in every way there is and logs what really happened: actors CASE [COUNT].
 *
 * Each line of standard output is the truth about one end of one connection, as one JSON object:
 * {"case","event","proto","local","remote","owner","users":{"PID":[sent,received]},"sent","received","peer","end",
 * "by","error"}. What does not apply is left out.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct sockaddr_storage address;

static const char *case_name;

static void check(int failed, const char *what)
{
	if (!failed)
		return;
	perror(what);
	exit(2);
}

static void say(const char *format, ...)
{
	char line[4096];
	va_list list;
	int size;

	va_start(list, format);
	size = vsnprintf(line, sizeof(line), format, list);
	va_end(list);
	check(write(1, line, size) != size, "write");
}

/* Keeps connections open for a while, for tools that look now and then: ACTORS_HOLD_MS. */
static void hold(void)
{
	const char *ms = getenv("ACTORS_HOLD_MS");

	if (ms)
		usleep(atoi(ms) * 1000);
}

static socklen_t size_of(const address *a)
{
	return a->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

static address make_address(const char *ip, int port)
{
	address a = {};

	if (strchr(ip, ':')) {
		struct sockaddr_in6 *in6 = (void *)&a;
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
		inet_pton(AF_INET6, ip, &in6->sin6_addr);
	} else {
		struct sockaddr_in *in = (void *)&a;
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		inet_pton(AF_INET, ip, &in->sin_addr);
	}
	return a;
}

/* Address as events show it: IPv4-mapped ones as IPv4. */
static const char *show(const address *a, char *text)
{
	char ip[INET6_ADDRSTRLEN];

	if (a->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)a;
		inet_ntop(AF_INET, &in->sin_addr, ip, sizeof(ip));
		sprintf(text, "%s %d", ip, ntohs(in->sin_port));
	} else {
		const struct sockaddr_in6 *in6 = (const void *)a;
		const char *shown = inet_ntop(AF_INET6, &in6->sin6_addr, ip, sizeof(ip));
		sprintf(text, "%s %d", strncmp(shown, "::ffff:", 7) ? shown : shown + 7, ntohs(in6->sin6_port));
	}
	return text;
}

/* The end of a connection that a socket is. */
struct end {
	char local[64];
	char remote[64];
};

static struct end end_of(int fd)
{
	struct end e = {};
	address a;
	socklen_t size = sizeof(a);

	check(getsockname(fd, (void *)&a, &size), "getsockname");
	show(&a, e.local);
	size = sizeof(a);
	if (!getpeername(fd, (void *)&a, &size))
		show(&a, e.remote);
	hold();
	return e;
}

static void tell(const struct end *e, const char *proto, const char *format, ...)
{
	char rest[2048];
	va_list list;

	va_start(list, format);
	vsnprintf(rest, sizeof(rest), format, list);
	va_end(list);
	say("{\"case\":\"%s\",\"proto\":\"%s\",\"local\":\"%s\",\"remote\":\"%s\",%s}\n", case_name, proto, e->local,
	    e->remote, rest);
}

static int listen_at(const char *ip, int reuse_port, int port)
{
	address a = make_address(ip, port);
	int fd = socket(a.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int one = 1;

	check(fd < 0, "socket");
	if (reuse_port)
		check(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)), "SO_REUSEPORT");
	check(bind(fd, (void *)&a, size_of(&a)), "bind");
	check(listen(fd, 4096), "listen");
	return fd;
}

static address address_of(int fd)
{
	address a = {};
	socklen_t size = sizeof(a);

	check(getsockname(fd, (void *)&a, &size), "getsockname");
	return a;
}

static int connect_to(address a)
{
	int fd = socket(a.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	check(fd < 0, "socket");
	check(connect(fd, (void *)&a, size_of(&a)), "connect");
	return fd;
}

static char filler[1 << 20];

static void send_all(int fd, int size)
{
	for (int n; size > 0; size -= n) {
		n = write(fd, filler, size < (int)sizeof(filler) ? size : (int)sizeof(filler));
		check(n <= 0, "write to socket");
	}
}

static int receive(int fd, int size)
{
	static char buffer[1 << 16];
	int got = 0;

	while (got < size) {
		int n = read(fd, buffer, size - got < (int)sizeof(buffer) ? size - got : (int)sizeof(buffer));
		if (n <= 0)
			break;
		got += n;
	}
	return got;
}

#define REQUEST 1234
#define ANSWER 70001

/* A client in a child: asks, reads the answer to its end, closes. */
static pid_t spawn_client(address server, pid_t acceptor)
{
	pid_t pid = fork();

	check(pid < 0, "fork");
	if (pid)
		return pid;
	int fd = connect_to(server);
	struct end e = end_of(fd);
	pid_t me = getpid();
	send_all(fd, REQUEST);
	receive(fd, ANSWER);
	close(fd);
	tell(&e, "tcp",
	     "\"event\":\"close\",\"owner\":%d,\"users\":{\"%d\":[%d,%d]},\"sent\":%d,\"received\":%d,\"peer\":%d,"
	     "\"end\":\"closed\",\"by\":\"local\"",
	     me, me, REQUEST, ANSWER, REQUEST, ANSWER, acceptor);
	tell(&e, "tcp", "\"event\":\"open\",\"owner\":%d,\"peer\":%d", me, acceptor);
	exit(0);
}

/* Answers one request through a descriptor and waits for the client to close. */
static void serve(int fd)
{
	receive(fd, REQUEST);
	send_all(fd, ANSWER);
	receive(fd, 1);
	close(fd);
}

/* What is true of the server's end when the client closed first. */
static void tell_served(const struct end *e, pid_t acceptor, pid_t user, pid_t peer)
{
	tell(e, "tcp",
	     "\"event\":\"close\",\"owner\":%d,\"users\":{\"%d\":[%d,%d]},\"sent\":%d,\"received\":%d,\"peer\":%d,"
	     "\"end\":\"closed\",\"by\":\"remote\"",
	     acceptor, user, ANSWER, REQUEST, ANSWER, REQUEST, peer);
	tell(e, "tcp", "\"event\":\"accept\",\"owner\":%d,\"peer\":%d", acceptor, peer);
}

static void plain(const char *listen_ip, const char *connect_ip)
{
	int listener = listen_at(listen_ip, 0, 0);
	address server = address_of(listener);
	address target = make_address(connect_ip, ntohs(((struct sockaddr_in *)&server)->sin_port));
	pid_t client = spawn_client(target, getpid());
	int fd = accept(listener, NULL, NULL);
	struct end e = end_of(fd);

	serve(fd);
	tell_served(&e, getpid(), getpid(), client);
}

/* A child that inherited the listener accepts. */
static void accept_in_child(void)
{
	int listener = listen_at("127.0.0.1", 0, 0);
	int go[2];
	pid_t client;

	check(pipe(go), "pipe");
	pid_t child = fork();
	if (!child) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		struct end e = end_of(fd);
		serve(fd);
		check(read(go[0], &client, sizeof(client)) != sizeof(client), "read");
		tell_served(&e, getpid(), getpid(), client);
		exit(0);
	}
	client = spawn_client(address_of(listener), child);
	check(write(go[1], &client, sizeof(client)) != sizeof(client), "write");
}

/* The parent accepts, a child serves: inherited, or after exec of another program. */
static void serve_in_child(int with_exec)
{
	int listener = listen_at("127.0.0.1", 0, 0);
	pid_t client = spawn_client(address_of(listener), getpid());
	int fd = accept(listener, NULL, NULL);
	struct end e = end_of(fd);
	pid_t child = fork();

	if (!child) {
		if (with_exec) {
			char number[16];
			sprintf(number, "%d", fd);
			execl("/proc/self/exe", "actors", "serve-descriptor", number, NULL);
			check(1, "exec");
		}
		serve(fd);
		exit(0);
	}
	close(fd);
	waitpid(child, NULL, 0);
	tell_served(&e, getpid(), child, client);
}

/* The descriptor is passed to an older process. */
static void pass(void)
{
	int pair[2];
	int listener = listen_at("127.0.0.1", 0, 0);

	check(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "socketpair");
	pid_t helper = fork();
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	char control[CMSG_SPACE(sizeof(int))] = {};
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
				  .msg_controllen = sizeof(control) };
	if (!helper) {
		int fd;
		close(listener);
		check(recvmsg(pair[1], &message, 0) != 1, "recvmsg");
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
		serve(fd);
		exit(0);
	}
	pid_t client = spawn_client(address_of(listener), getpid());
	int fd = accept(listener, NULL, NULL);
	struct end e = end_of(fd);
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	check(sendmsg(pair[0], &message, 0) != 1, "sendmsg");
	close(fd);
	waitpid(helper, NULL, 0);
	tell_served(&e, getpid(), helper, client);
}

/* Four processes write to one connection. */
static void share(void)
{
	int listener = listen_at("127.0.0.1", 0, 0);
	pid_t pids[4];
	pid_t client = fork();

	if (!client) {
		int fd = connect_to(address_of(listener));
		receive(fd, 1 << 30);
		exit(0);
	}
	int fd = accept(listener, NULL, NULL);
	struct end e = end_of(fd);
	for (int i = 0; i < 4; i++) {
		pids[i] = fork();
		if (!pids[i]) {
			send_all(fd, 1000 * (i + 1));
			_exit(0);
		}
	}
	for (int i = 0; i < 4; i++)
		waitpid(pids[i], NULL, 0);
	close(fd);
	tell(&e, "tcp",
	     "\"event\":\"close\",\"owner\":%d,\"users\":{\"%d\":[1000,0],\"%d\":[2000,0],\"%d\":[3000,0],\"%d\":[4000,0]},"
	     "\"sent\":10000,\"received\":0,\"peer\":%d,\"by\":\"local\"",
	     getpid(), pids[0], pids[1], pids[2], pids[3], client);
}

static void half_close(void)
{
	int listener = listen_at("127.0.0.1", 0, 0);
	pid_t me = getpid();
	pid_t client = fork();

	if (!client) {
		int fd = connect_to(address_of(listener));
		struct end e = end_of(fd);
		send_all(fd, REQUEST);
		shutdown(fd, SHUT_WR);
		receive(fd, 1 << 30);
		close(fd);
		tell(&e, "tcp",
		     "\"event\":\"close\",\"owner\":%d,\"sent\":%d,\"received\":%d,\"peer\":%d,\"end\":\"closed\",\"by\":\"local\"",
		     getpid(), REQUEST, ANSWER, me);
		exit(0);
	}
	int fd = accept(listener, NULL, NULL);
	struct end e = end_of(fd);
	receive(fd, 1 << 30);
	send_all(fd, ANSWER);
	close(fd);
	tell(&e, "tcp",
	     "\"event\":\"close\",\"owner\":%d,\"sent\":%d,\"received\":%d,\"peer\":%d,\"end\":\"closed\",\"by\":\"remote\"", me,
	     ANSWER, REQUEST, client);
}

/* The server aborts. */
static void reset(void)
{
	int listener = listen_at("127.0.0.1", 0, 0);
	pid_t me = getpid();
	pid_t client = fork();

	if (!client) {
		int fd = connect_to(address_of(listener));
		struct end e = end_of(fd);
		address server = address_of(listener);
		/* After the reset the socket does not know its other end any more. */
		show(&server, e.remote);
		receive(fd, 1);
		close(fd);
		tell(&e, "tcp",
		     "\"event\":\"close\",\"owner\":%d,\"sent\":0,\"received\":0,\"peer\":%d,\"end\":\"reset\",\"by\":\"remote\","
		     "\"error\":\"ECONNRESET\"",
		     getpid(), me);
		exit(0);
	}
	int fd = accept(listener, NULL, NULL);
	struct end e = end_of(fd);
	struct linger linger = { 1, 0 };
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(fd);
	tell(&e, "tcp", "\"event\":\"close\",\"owner\":%d,\"sent\":0,\"received\":0,\"peer\":%d,\"end\":\"reset\",\"by\":\"local\"",
	     me, client);
}

static void fail_to(address a, const char *error)
{
	struct end e = { .local = "" };
	int fd = socket(a.ss_family, SOCK_STREAM, 0);
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_SYNCNT, &one, sizeof(one));
	show(&a, e.remote);
	if (!connect(fd, (void *)&a, size_of(&a))) {
		fprintf(stderr, "connect to %s succeeded\n", e.remote);
		exit(2);
	}
	close(fd);
	tell(&e, "tcp", "\"event\":\"fail\",\"owner\":%d,\"error\":\"%s\"", getpid(), error ? error : strerrorname_np(errno));
}

static void refused(void)
{
	int listener = listen_at("127.0.0.1", 0, 0);
	address a = address_of(listener);

	close(listener);
	fail_to(a, "ECONNREFUSED");
}

/* A listener whose queue is full drops SYNs. */
static void timed_out(void)
{
	address a = make_address("127.0.0.1", 0);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	check(bind(listener, (void *)&a, size_of(&a)), "bind");
	check(listen(listener, 0), "listen");
	a = address_of(listener);
	for (int i = 0; i < 4; i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(fd, (void *)&a, size_of(&a));
	}
	usleep(50000);
	fail_to(a, "ETIMEDOUT");
}

static void *connect_in_thread(void *listener)
{
	int fd = connect_to(address_of(*(int *)listener));
	struct end e = end_of(fd);

	close(fd);
	tell(&e, "tcp", "\"event\":\"open\",\"owner\":%d,\"tid\":%d", getpid(), gettid());
	return NULL;
}

static void thread(void)
{
	int listener = listen_at("127.0.0.1", 0, 0);
	pthread_t id;

	pthread_create(&id, NULL, connect_in_thread, &listener);
	close(accept(listener, NULL, NULL));
	pthread_join(id, NULL);
}

static void reuse_port(void)
{
	int first = listen_at("127.0.0.1", 1, 0);
	address bound = address_of(first);
	int port = ntohs(((struct sockaddr_in *)&bound)->sin_port);
	int count = 40;
	pid_t other = fork();

	if (!other) {
		close(first);
		first = listen_at("127.0.0.1", 1, port);
	} else {
		usleep(20000);
	}
	if (other && !fork()) {
		close(first);
		for (int i = 0; i < count; i++) {
			int fd = connect_to(make_address("127.0.0.1", port));
			receive(fd, 1);
			close(fd);
		}
		exit(0);
	}
	/* Whoever gets a connection is the one who knows; both stop when none came for a while. */
	struct timeval patience = { .tv_usec = 500000 };
	setsockopt(first, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	for (;;) {
		int fd = accept(first, NULL, NULL);
		if (fd < 0)
			break;
		struct end e = end_of(fd);
		close(fd);
		tell(&e, "tcp", "\"event\":\"accept\",\"owner\":%d", getpid());
	}
	if (!other)
		exit(0);
}

static void uring(void)
{
	struct io_uring ring;
	struct io_uring_cqe *cqe;
	struct io_uring_sqe *sqe;
	int listener = listen_at("127.0.0.1", 0, 0);
	address a = address_of(listener);
	pid_t me = getpid();
	pid_t client = fork();

	check(io_uring_queue_init(8, &ring, 0) < 0, "io_uring_queue_init");
	sqe = io_uring_get_sqe(&ring);
	if (!client) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);
		io_uring_prep_connect(sqe, fd, (void *)&a, size_of(&a));
		io_uring_submit(&ring);
		check(io_uring_wait_cqe(&ring, &cqe) || cqe->res < 0, "io_uring connect");
		io_uring_cqe_seen(&ring, cqe);
		struct end e = end_of(fd);
		io_uring_prep_send(io_uring_get_sqe(&ring), fd, filler, REQUEST, 0);
		io_uring_submit(&ring);
		check(io_uring_wait_cqe(&ring, &cqe) || cqe->res != REQUEST, "io_uring send");
		receive(fd, 1);
		close(fd);
		tell(&e, "tcp",
		     "\"event\":\"close\",\"owner\":%d,\"users\":{\"%d\":[%d,0]},\"sent\":%d,\"received\":0,\"peer\":%d,\"by\":\"remote\"",
		     getpid(), getpid(), REQUEST, REQUEST, me);
		exit(0);
	}
	io_uring_prep_accept(sqe, listener, NULL, NULL, 0);
	io_uring_submit(&ring);
	check(io_uring_wait_cqe(&ring, &cqe) || cqe->res < 0, "io_uring accept");
	int fd = cqe->res;
	io_uring_cqe_seen(&ring, cqe);
	struct end e = end_of(fd);
	io_uring_prep_recv(io_uring_get_sqe(&ring), fd, filler, REQUEST, MSG_WAITALL);
	io_uring_submit(&ring);
	check(io_uring_wait_cqe(&ring, &cqe) || cqe->res != REQUEST, "io_uring recv");
	close(fd);
	tell(&e, "tcp",
	     "\"event\":\"close\",\"owner\":%d,\"users\":{\"%d\":[0,%d]},\"sent\":0,\"received\":%d,\"peer\":%d,\"by\":\"local\"", me, me,
	     REQUEST, REQUEST, client);
}

/* Datagrams: the client is connected or not, the server never. */
static void udp(const char *ip, int is_connected)
{
	address a = make_address(ip, 0);
	int server = socket(a.ss_family, SOCK_DGRAM, 0);

	check(bind(server, (void *)&a, size_of(&a)), "bind");
	a = address_of(server);
	pid_t me = getpid();
	pid_t client = fork();
	if (!client) {
		int fd = socket(a.ss_family, SOCK_DGRAM, 0);
		if (is_connected)
			check(connect(fd, (void *)&a, size_of(&a)), "connect");
		for (int i = 0; i < 3; i++) {
			if (is_connected)
				check(send(fd, filler, 100, 0) != 100, "send");
			else
				check(sendto(fd, filler, 100, 0, (void *)&a, size_of(&a)) != 100, "sendto");
			check(recv(fd, filler, 500, 0) != 250, "recv");
		}
		/* The local address of an unconnected socket is not known to it. */
		address self = address_of(fd);
		address here = make_address(ip, ntohs(((struct sockaddr_in *)&self)->sin_port));
		struct end e;
		show(&here, e.local);
		show(&a, e.remote);
		hold();
		close(fd);
		tell(&e, "udp",
		     "\"event\":\"close\",\"owner\":%d,\"users\":{\"%d\":[300,750]},\"sent\":300,\"received\":750,\"peer\":%d", getpid(),
		     getpid(), me);
		exit(0);
	}
	for (int i = 0; i < 3; i++) {
		address from;
		socklen_t size = sizeof(from);
		check(recvfrom(server, filler, 500, 0, (void *)&from, &size) != 100, "recvfrom");
		check(sendto(server, filler, 250, 0, (void *)&from, size) != 250, "sendto");
		if (i == 2) {
			struct end e;
			show(&a, e.local);
			show(&from, e.remote);
			waitpid(client, NULL, 0);
			close(server);
			tell(&e, "udp",
			     "\"event\":\"close\",\"owner\":%d,\"users\":{\"%d\":[750,300]},\"sent\":750,\"received\":300,\"peer\":%d",
			     me, me, client);
		}
	}
}

static void run(const char *format, ...)
{
	char command[512];
	va_list list;

	va_start(list, format);
	vsnprintf(command, sizeof(command), format, list);
	va_end(list);
	if (system(command)) {
		fprintf(stderr, "%s failed\n", command);
		exit(2);
	}
}

/* Client and server in network namespaces of their own, joined by veth; the client may see another port. */
static void namespaces(int with_nat)
{
	int ready[2], go[2];
	char byte = 0;
	pid_t me = getpid();

	check(pipe(ready) || pipe(go), "pipe");
	pid_t client = fork();
	if (!client) {
		check(unshare(CLONE_NEWNET), "unshare");
		check(write(ready[1], &byte, 1) != 1 || read(go[0], &byte, 1) != 1, "pipe");
		int fd = connect_to(make_address("10.98.7.1", with_nat ? 7000 : 7001));
		struct end e = end_of(fd);
		send_all(fd, REQUEST);
		receive(fd, ANSWER);
		close(fd);
		tell(&e, "tcp", "\"event\":\"open\",\"owner\":%d,\"peer\":%d", getpid(), me);
		tell(&e, "tcp", "\"event\":\"close\",\"owner\":%d,\"sent\":%d,\"received\":%d,\"peer\":%d,\"by\":\"local\"",
		     getpid(), REQUEST, ANSWER, me);
		exit(0);
	}
	check(unshare(CLONE_NEWNET), "unshare");
	check(read(ready[0], &byte, 1) != 1, "pipe");
	run("ip link add va type veth peer name vb netns %d && ip addr add 10.98.7.1/24 dev va && ip link set va up", client);
	run("nsenter -t %d -n sh -c 'ip addr add 10.98.7.2/24 dev vb && ip link set vb up'", client);
	if (with_nat)
		run("nft 'table ip t { chain c { type nat hook prerouting priority -100; tcp dport 7000 redirect to :7001; }; }'");
	int listener = listen_at("10.98.7.1", 0, 7001);
	check(write(go[1], &byte, 1) != 1, "pipe");
	int fd = accept(listener, NULL, NULL);
	struct end e = end_of(fd);
	serve(fd);
	tell_served(&e, me, me, client);
}

/* A connection that is there before anybody looks: goes on when standard input says so. */
static void earlier(void)
{
	int listener = listen_at("127.0.0.1", 0, 0);
	int go[2];
	char byte = 0;
	pid_t me = getpid();

	check(pipe(go), "pipe");
	pid_t client = fork();
	if (!client) {
		int fd = connect_to(address_of(listener));
		struct end e = end_of(fd);
		close(listener);
		check(read(go[0], &byte, 1) != 1, "read");
		send_all(fd, REQUEST);
		receive(fd, ANSWER);
		close(fd);
		tell(&e, "tcp",
		     "\"event\":\"close\",\"owner\":%d,\"users\":{\"%d\":[%d,%d]},\"sent\":%d,\"received\":%d,\"peer\":%d,"
		     "\"by\":\"local\"",
		     getpid(), getpid(), REQUEST, ANSWER, REQUEST, ANSWER, me);
		exit(0);
	}
	int fd = accept(listener, NULL, NULL);
	struct end e = end_of(fd);
	say("ready\n");
	check(read(0, &byte, 1) != 1, "standard input");
	check(write(go[1], &byte, 1) != 1, "write");
	serve(fd);
	tell(&e, "tcp",
	     "\"event\":\"close\",\"owner\":%d,\"users\":{\"%d\":[%d,%d]},\"sent\":%d,\"received\":%d,\"peer\":%d,"
	     "\"by\":\"remote\"",
	     me, me, ANSWER, REQUEST, ANSWER, REQUEST, client);
}

/* COUNT connections of one request each, as fast as they can; both ends log. */
static void churn(int count)
{
	int listener = listen_at("127.0.0.1", 0, 0);
	pid_t me = getpid();
	pid_t client = fork();

	if (!client) {
		for (int i = 0; i < count; i++) {
			int fd = connect_to(address_of(listener));
			struct end e = end_of(fd);
			send_all(fd, i % 1000 + 1);
			shutdown(fd, SHUT_WR);
			receive(fd, 1 << 30);
			close(fd);
			tell(&e, "tcp", "\"event\":\"close\",\"owner\":%d,\"sent\":%d,\"received\":%d,\"peer\":%d", getpid(), i % 1000 + 1,
			     i % 777 + 1, me);
		}
		exit(0);
	}
	for (int i = 0; i < count; i++) {
		int fd = accept(listener, NULL, NULL);
		struct end e = end_of(fd);
		int got = receive(fd, 1 << 30);
		send_all(fd, i % 777 + 1);
		close(fd);
		tell(&e, "tcp", "\"event\":\"close\",\"owner\":%d,\"sent\":%d,\"received\":%d,\"peer\":%d", me, i % 777 + 1, got, client);
	}
}

/* COUNT processes that connect and are gone. */
static void brief(int count)
{
	int listener = listen_at("127.0.0.1", 0, 0);
	address a = address_of(listener);

	for (int i = 0; i < count; i++) {
		pid_t pid = vfork();
		if (!pid) {
			int fd = socket(AF_INET, SOCK_STREAM, 0);
			connect(fd, (void *)&a, size_of(&a));
			_exit(0);
		}
		int fd = accept(listener, NULL, NULL);
		struct end e = end_of(fd);
		struct end other;
		close(fd);
		waitpid(pid, NULL, 0);
		strcpy(other.local, e.remote);
		strcpy(other.remote, e.local);
		tell(&other, "tcp", "\"event\":\"open\",\"owner\":%d", pid);
	}
}

int main(int argc, char **argv)
{
	int count = argc > 2 ? atoi(argv[2]) : 0;

	case_name = argc > 1 ? argv[1] : "";
	signal(SIGPIPE, SIG_IGN);
	if (!strcmp(case_name, "serve-descriptor"))
		serve(count);
	else if (!strcmp(case_name, "plain4"))
		plain("127.0.0.1", "127.0.0.1");
	else if (!strcmp(case_name, "plain6"))
		plain("::1", "::1");
	else if (!strcmp(case_name, "mapped"))
		plain("::", "127.0.0.1");
	else if (!strcmp(case_name, "mapped-client"))
		plain("127.0.0.1", "::ffff:127.0.0.1");
	else if (!strcmp(case_name, "accept-in-child"))
		accept_in_child();
	else if (!strcmp(case_name, "inherited"))
		serve_in_child(0);
	else if (!strcmp(case_name, "exec"))
		serve_in_child(1);
	else if (!strcmp(case_name, "pass"))
		pass();
	else if (!strcmp(case_name, "share"))
		share();
	else if (!strcmp(case_name, "half-close"))
		half_close();
	else if (!strcmp(case_name, "reset"))
		reset();
	else if (!strcmp(case_name, "refused"))
		refused();
	else if (!strcmp(case_name, "unreachable"))
		fail_to(make_address("192.0.2.99", 9), NULL);
	else if (!strcmp(case_name, "timed-out"))
		timed_out();
	else if (!strcmp(case_name, "thread"))
		thread();
	else if (!strcmp(case_name, "reuse-port"))
		reuse_port();
	else if (!strcmp(case_name, "uring"))
		uring();
	else if (!strcmp(case_name, "udp4"))
		udp("127.0.0.1", 0);
	else if (!strcmp(case_name, "udp6"))
		udp("::1", 0);
	else if (!strcmp(case_name, "udp-connected"))
		udp("127.0.0.1", 1);
	else if (!strcmp(case_name, "namespaces"))
		namespaces(0);
	else if (!strcmp(case_name, "nat"))
		namespaces(1);
	else if (!strcmp(case_name, "earlier"))
		earlier();
	else if (!strcmp(case_name, "churn"))
		churn(count);
	else if (!strcmp(case_name, "brief"))
		brief(count);
	else
		return 2;
	while (wait(NULL) > 0)
		;
	return 0;
}
