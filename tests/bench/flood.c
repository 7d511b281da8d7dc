// Load generator with exact counts: cc -O2 -o build/bench/flood tests/bench/flood.c; flood --mode answered --rate 100000
//
// Every mode runs in a network namespace of its own, which ends with the process. One JSON line at the end says what
// was sent and what came back. Every query has a name of its own, so that none is taken for the repetition of another.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BATCH_MAX 256
#define SOCKETS_MAX 1024
#define PACKET_SIZE 512
#define NOT_DNS_PORT 9999

enum mode {
	/* Queries into a device that drops them: one view of each. */
	MODE_UNANSWERED,
	/* Queries that a program behind a tun device answers, as a server elsewhere would: one view of each message. */
	MODE_REMOTE,
	/* Queries to another process over loopback: two views of each message. */
	MODE_ANSWERED,
	/* Datagrams that are no DNS, there and back over loopback. */
	MODE_UDP,
	/* A TCP stream over loopback. */
	MODE_TCP,
	/* 1-octet messages there and back over a TCP connection on loopback. */
	MODE_TCP_PING,
	/* System calls that have nothing to do with sockets. */
	MODE_SYSCALLS,
};

static const char *const MODE_NAMES[] = {"unanswered", "remote", "answered", "udp", "tcp", "tcp-ping", "syscalls"};

static struct {
	enum mode mode;
	/* Queries a second; 0 for as many as possible. */
	double rate;
	double seconds;
	/* End after so many queries; 0 for no such end. */
	uint64_t count;
	unsigned sockets;
	unsigned batch;
	/* Of the server, where the load is DNS. */
	unsigned port;
	int cpu;
} options = {.seconds = 10, .sockets = 64, .batch = 64, .port = 53, .cpu = -1};

static uint64_t sent, answered, octets;

static void fail(const char *what)
{
	fprintf(stderr, "flood: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec * 1e-9;
}

static void run(const char *format, ...)
{
	char command[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	if (system(command) != 0) {
		fprintf(stderr, "flood: failed: %s\n", command);
		exit(1);
	}
}

/* A query for a name of its own; returns its size. */
static unsigned make_query(uint8_t *octets_out, uint64_t number)
{
	static const char DOMAIN[] = "\x05" "flood" "\x04" "test";
	uint8_t *next = octets_out;
	char label[32];
	int size = snprintf(label, sizeof(label), "host%010llu", (unsigned long long)number);

	*next++ = number >> 8;
	*next++ = number;
	memcpy(next, "\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00", 10);
	next += 10;
	*next++ = size;
	memcpy(next, label, size);
	next += size;
	memcpy(next, DOMAIN, sizeof(DOMAIN));
	next += sizeof(DOMAIN);
	memcpy(next, "\x00\x01\x00\x01", 4);
	return next + 4 - octets_out;
}

/* Turns a query into a response with one A record; returns its size. */
static unsigned answer(uint8_t *message, unsigned size)
{
	message[2] |= 0x80;
	message[3] |= 0x80;
	message[7] = 1;
	memcpy(message + size, "\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x01", 16);
	return size + 16;
}

/* Waits until it is time for the next batch. Returns false at the end. */
static bool next_batch(double start)
{
	double now = now_s();

	if (options.count ? sent >= options.count : now - start >= options.seconds)
		return false;
	if (options.rate > 0) {
		double due = start + sent / options.rate;

		if (due > now) {
			struct timespec pause = {.tv_nsec = 1e9 * (due - now > 0.9 ? 0.9 : due - now)};

			nanosleep(&pause, NULL);
		}
	}
	return true;
}

struct batch {
	struct mmsghdr headers[BATCH_MAX];
	struct iovec vectors[BATCH_MAX];
	struct sockaddr_in peers[BATCH_MAX];
	uint8_t buffers[BATCH_MAX][PACKET_SIZE];
};

static void prepare(struct batch *batch, bool with_peers)
{
	memset(batch, 0, sizeof(*batch));
	for (int i = 0; i < BATCH_MAX; i++) {
		batch->vectors[i] = (struct iovec){batch->buffers[i], PACKET_SIZE};
		batch->headers[i].msg_hdr.msg_iov = &batch->vectors[i];
		batch->headers[i].msg_hdr.msg_iovlen = 1;
		if (with_peers) {
			batch->headers[i].msg_hdr.msg_name = &batch->peers[i];
			batch->headers[i].msg_hdr.msg_namelen = sizeof(batch->peers[i]);
		}
	}
}

static int open_udp(const char *address, uint16_t port, bool bound)
{
	struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct timeval patience = {.tv_usec = 200000};
	int size = 4 << 20;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, address, &peer.sin_addr);
	if (fd < 0 || (bound ? bind : connect)(fd, (struct sockaddr *)&peer, sizeof(peer)))
		fail("UDP socket");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)))
		fail("socket buffers");
	if (!bound && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)))
		fail("SO_RCVTIMEO");
	return fd;
}

/* Answers whatever comes, until it is killed. */
static void serve_udp(int fd, bool is_dns)
{
	static struct batch batch;

	prepare(&batch, true);
	for (;;) {
		int count;

		for (int i = 0; i < BATCH_MAX; i++) {
			batch.vectors[i].iov_len = PACKET_SIZE;
			batch.headers[i].msg_hdr.msg_namelen = sizeof(batch.peers[i]);
		}
		count = recvmmsg(fd, batch.headers, BATCH_MAX, MSG_WAITFORONE, NULL);
		if (count < 0)
			fail("recvmmsg");
		for (int i = 0; i < count; i++) {
			unsigned size = batch.headers[i].msg_len;

			batch.vectors[i].iov_len = is_dns ? answer(batch.buffers[i], size) : size;
		}
		for (int done = 0; done < count;) {
			int part = sendmmsg(fd, batch.headers + done, count - done, 0);

			if (part < 0)
				fail("sendmmsg");
			done += part;
		}
	}
}

/* The server binds its socket itself: it is to be known as its owner from the first query on. */
static pid_t start_server(const char *address, uint16_t port, bool is_dns)
{
	int ready[2];
	char octet;
	pid_t child;

	if (pipe(ready))
		fail("pipe");
	child = fork();
	if (child < 0)
		fail("fork");
	if (child == 0) {
		int fd;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, "flood-server");
		fd = open_udp(address, port, true);
		if (write(ready[1], "", 1) != 1)
			fail("write");
		serve_udp(fd, is_dns);
	}
	close(ready[1]);
	if (read(ready[0], &octet, 1) != 1)
		exit(1);
	close(ready[0]);
	return child;
}

static void send_batch(int fd, struct batch *batch, unsigned count)
{
	for (unsigned done = 0; done < count;) {
		int part = sendmmsg(fd, batch->headers + done, count - done, 0);

		if (part < 0)
			fail("sendmmsg");
		done += part;
	}
	sent += count;
}

/* Opens a tun device whose far end is this program. */
static int open_tun(void)
{
	struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	strcpy(request.ifr_name, "flood0");
	if (fd < 0 || ioctl(fd, TUNSETIFF, &request))
		fail("/dev/net/tun");
	run("ip addr add 198.18.0.1/24 dev flood0 && ip link set flood0 txqueuelen 1000 up");
	return fd;
}

/* Opens a device that drops what is sent: a tun device nobody reads, or one end of a cable to nowhere. */
static void open_sink(void)
{
	if (access("/dev/net/tun", F_OK) == 0) {
		open_tun();
		return;
	}
	run("ip link add flood0 type veth peer name flood1 && ip link set flood1 up");
	run("ip addr add 198.18.0.1/24 dev flood0 && ip link set flood0 up");
	run("ip neigh add 198.18.0.53 lladdr 02:00:00:00:00:53 dev flood0");
}

static uint16_t ip_checksum(const uint8_t *header)
{
	uint32_t sum = 0;

	for (int i = 0; i < 20; i += 2)
		sum += header[i] << 8 | header[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

/* Answers the queries that left through the tun device. */
static void answer_tun(int tun, unsigned count)
{
	uint8_t packet[2048];

	for (unsigned i = 0; i < count;) {
		ssize_t size = read(tun, packet, sizeof(packet) - 16);
		uint8_t swap[4];
		unsigned total;

		if (size < 0)
			fail("read tun");
		/* Router solicitations and the like. */
		if (size < 40 || packet[0] != 0x45 || packet[9] != IPPROTO_UDP)
			continue;
		i++;
		total = 28 + answer(packet + 28, size - 28);
		memcpy(swap, packet + 12, 4);
		memcpy(packet + 12, packet + 16, 4);
		memcpy(packet + 16, swap, 4);
		memcpy(swap, packet + 20, 2);
		memcpy(packet + 20, packet + 22, 2);
		memcpy(packet + 22, swap, 2);
		packet[2] = total >> 8;
		packet[3] = total;
		packet[24] = (total - 20) >> 8;
		packet[25] = total - 20;
		/* No UDP checksum. */
		packet[26] = packet[27] = packet[10] = packet[11] = 0;
		uint16_t sum = ip_checksum(packet);
		packet[10] = sum >> 8;
		packet[11] = sum;
		if (write(tun, packet, total) != (ssize_t)total)
			fail("write tun");
	}
}

static void run_udp(void)
{
	static struct batch queries, answers;
	static int fds[SOCKETS_MAX];
	bool is_dns = options.mode != MODE_UDP;
	uint16_t port = is_dns ? options.port : NOT_DNS_PORT;
	const char *server = "198.18.0.53";
	pid_t child = 0;
	int tun = -1;
	double start;

	if (options.mode == MODE_UNANSWERED) {
		open_sink();
	} else if (options.mode == MODE_REMOTE) {
		tun = open_tun();
	} else {
		server = "127.0.0.1";
		child = start_server(server, port, is_dns);
	}
	for (unsigned i = 0; i < options.sockets; i++)
		fds[i] = open_udp(server, port, false);
	prepare(&queries, false);
	prepare(&answers, false);
	start = now_s();
	for (unsigned turn = 0; next_batch(start); turn++) {
		int fd = fds[turn % options.sockets];
		unsigned count = options.batch;

		if (options.count && options.count - sent < count)
			count = options.count - sent;
		for (unsigned i = 0; i < count; i++)
			queries.vectors[i].iov_len = is_dns ? make_query(queries.buffers[i], sent + i) : 100;
		send_batch(fd, &queries, count);
		if (options.mode == MODE_UNANSWERED)
			continue;
		if (tun >= 0)
			answer_tun(tun, count);
		for (unsigned got = 0; got < count;) {
			int part = recvmmsg(fd, answers.headers, count - got, MSG_WAITFORONE, NULL);

			/* Nothing for a while: the rest was dropped on the way. */
			if (part < 0 && errno == EAGAIN)
				break;
			if (part < 0)
				fail("recvmmsg");
			got += part;
			answered += part;
		}
	}
	if (child > 0) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
}

static void run_tcp(void)
{
	static uint8_t buffer[65536];
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(NOT_DNS_PORT)};
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool is_ping = options.mode == MODE_TCP_PING;
	int one = 1, fd;
	pid_t child;
	double start;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) || listen(listener, 1))
		fail("listen");
	child = fork();
	if (child < 0)
		fail("fork");
	if (child == 0) {
		ssize_t size;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		fd = accept(listener, NULL, NULL);
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		while ((size = read(fd, buffer, sizeof(buffer))) > 0)
			if (is_ping && write(fd, buffer, size) != size)
				fail("write");
		_exit(0);
	}
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)))
		fail("connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	start = now_s();
	while (next_batch(start)) {
		ssize_t size = write(fd, buffer, is_ping ? 1 : sizeof(buffer));

		if (size < 0)
			fail("write");
		sent++;
		octets += size;
		if (is_ping && read(fd, buffer, 1) == 1)
			answered++;
	}
	close(fd);
	waitpid(child, NULL, 0);
}

static void run_syscalls(void)
{
	double start = now_s();

	while (next_batch(start)) {
		for (unsigned i = 0; i < options.batch; i++)
			syscall(SYS_getppid);
		sent += options.batch;
	}
}

static void parse_options(int count, char **arguments)
{
	static const struct option TABLE[] = {
		{"mode", required_argument, NULL, 'm'},	   {"rate", required_argument, NULL, 'r'},
		{"seconds", required_argument, NULL, 's'}, {"count", required_argument, NULL, 'c'},
		{"sockets", required_argument, NULL, 'o'}, {"batch", required_argument, NULL, 'b'},
		{"cpu", required_argument, NULL, 'p'},	   {"port", required_argument, NULL, 't'},
		{},
	};
	int option;

	while ((option = getopt_long(count, arguments, "", TABLE, NULL)) != -1) {
		switch (option) {
		case 'm':
			for (unsigned i = 0;; i++) {
				if (i == sizeof(MODE_NAMES) / sizeof(*MODE_NAMES)) {
					fprintf(stderr, "flood: no mode \"%s\"\n", optarg);
					exit(2);
				}
				if (strcmp(MODE_NAMES[i], optarg) == 0) {
					options.mode = i;
					break;
				}
			}
			break;
		case 'r':
			options.rate = atof(optarg);
			break;
		case 's':
			options.seconds = atof(optarg);
			break;
		case 'c':
			options.count = strtoull(optarg, NULL, 10);
			break;
		case 'o':
			options.sockets = atoi(optarg);
			break;
		case 'b':
			options.batch = atoi(optarg);
			break;
		case 't':
			options.port = atoi(optarg);
			break;
		case 'p':
			options.cpu = atoi(optarg);
			break;
		default:
			exit(2);
		}
	}
	if (options.batch < 1 || options.batch > BATCH_MAX || options.sockets < 1 || options.sockets > SOCKETS_MAX) {
		fprintf(stderr, "flood: --batch is at most %d, --sockets at most %d\n", BATCH_MAX, SOCKETS_MAX);
		exit(2);
	}
}

static double cpu_s(int who)
{
	struct rusage usage;

	getrusage(who, &usage);
	return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec +
	       (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

int main(int count, char **arguments)
{
	double start, end;

	parse_options(count, arguments);
	if (options.cpu >= 0) {
		cpu_set_t set;

		CPU_ZERO(&set);
		CPU_SET(options.cpu, &set);
		if (sched_setaffinity(0, sizeof(set), &set))
			fail("sched_setaffinity");
	}
	if (unshare(CLONE_NEWNET))
		fail("unshare");
	/* Without IPv6 nothing but the load is on the devices. */
	run("sysctl -qw net.ipv6.conf.default.disable_ipv6=1 net.ipv6.conf.all.disable_ipv6=1 && ip link set lo up");
	start = now_s();
	if (options.mode == MODE_TCP || options.mode == MODE_TCP_PING)
		run_tcp();
	else if (options.mode == MODE_SYSCALLS)
		run_syscalls();
	else
		run_udp();
	end = now_s();
	printf("{\"mode\":\"%s\",\"sent\":%llu,\"answered\":%llu,\"octets\":%llu,\"seconds\":%.3f,\"cpu_seconds\":%.3f}\n",
	       MODE_NAMES[options.mode], (unsigned long long)sent, (unsigned long long)answered,
	       (unsigned long long)octets, end - start, cpu_s(RUSAGE_SELF) + cpu_s(RUSAGE_CHILDREN));
	return 0;
}
