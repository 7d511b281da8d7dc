/* SPDX-License-Identifier: MIT */
/*
 * Makes as much trouble as one process can: hostile MODE COUNT, in a network namespace of its own.
 *
 *  flood      COUNT SYN segments from forged addresses to one listener, through a raw socket
 *  scan       COUNT SYN segments to as many addresses, through a raw socket
 *  listeners  COUNT listeners
 *  churn      connects and closes as fast as it can for COUNT seconds; a thread accepts and closes
 *
 * Says {"pid","netns"}, waits for an octet, works, says {"count"}, waits for the end of its input and exits.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PORT 7001

static void check(int failed, const char *what)
{
	if (!failed)
		return;
	perror(what);
	exit(2);
}

/* A namespace whose loopback is up and whose connections may use nearly all ports. */
static void enter_namespace(void)
{
	static const char range[] = "1025 65535";
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd;

	check(unshare(CLONE_NEWNET), "unshare");
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	check(ioctl(fd, SIOCSIFFLAGS, &request), "lo");
	close(fd);
	fd = open("/proc/sys/net/ipv4/ip_local_port_range", O_WRONLY | O_CLOEXEC);
	check(fd < 0 || write(fd, range, sizeof(range) - 1) < 0, "ip_local_port_range");
	close(fd);
}

static struct sockaddr_in address_at(int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return address;
}

static int listen_at(int port)
{
	struct sockaddr_in address = address_at(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int one = 1;

	check(fd < 0, "socket");
	check(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)), "SO_REUSEADDR");
	check(bind(fd, (void *)&address, sizeof(address)), "bind");
	check(listen(fd, 4096), "listen");
	return fd;
}

static uint32_t sum_words(const void *data, int size, uint32_t sum)
{
	const uint16_t *words = data;

	for (; size > 0; size -= 2)
		sum += *words++;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return ~(sum + (sum >> 16));
}

/* One SYN; the kernel fills in what is left out of the IP header. */
static void send_syn(int fd, uint32_t from, uint32_t to, int from_port)
{
	struct {
		struct iphdr ip;
		struct tcphdr tcp;
	} packet = {};
	struct {
		uint32_t from, to;
		uint8_t zero, protocol;
		uint16_t size;
	} pseudo = { from, to, 0, IPPROTO_TCP, htons(sizeof(packet.tcp)) };
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = to };

	packet.ip.version = 4;
	packet.ip.ihl = 5;
	packet.ip.ttl = 64;
	packet.ip.protocol = IPPROTO_TCP;
	packet.ip.saddr = from;
	packet.ip.daddr = to;
	packet.tcp.source = htons(from_port);
	packet.tcp.dest = htons(PORT);
	packet.tcp.seq = random();
	packet.tcp.doff = 5;
	packet.tcp.syn = 1;
	packet.tcp.window = htons(1024);
	packet.tcp.check = fold(sum_words(&packet.tcp, sizeof(packet.tcp), sum_words(&pseudo, sizeof(pseudo), 0)));
	check(sendto(fd, &packet, sizeof(packet), 0, (void *)&address, sizeof(address)) != sizeof(packet), "sendto");
}

static int send_syns(int count, int is_scan)
{
	int listener = is_scan ? -1 : listen_at(PORT);
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);

	check(fd < 0, "raw socket");
	for (int i = 0; i < count; i++) {
		uint32_t other = htonl(0x7f010000 + i);
		uint32_t self = htonl(INADDR_LOOPBACK);
		send_syn(fd, is_scan ? self : other, is_scan ? other : self, 1025 + i % 60000);
	}
	close(fd);
	if (listener >= 0)
		close(listener);
	return count;
}

/* Not more than a process may have where nobody raised the limit. */
#define LISTENERS_EACH 8192

/* Children hold them until our input ends, and theirs with it. */
static int open_listeners(int count)
{
	struct rlimit limit = { LISTENERS_EACH + 64, LISTENERS_EACH + 64 };
	int ready[2];
	char octet;

	check(setrlimit(RLIMIT_NOFILE, &limit), "RLIMIT_NOFILE");
	check(pipe(ready), "pipe");
	for (int first = 1; first <= count; first += LISTENERS_EACH) {
		int last = first + LISTENERS_EACH - 1 < count ? first + LISTENERS_EACH - 1 : count;
		pid_t child = fork();

		check(child < 0, "fork");
		if (!child) {
			for (int port = first; port <= last; port++)
				listen_at(port);
			check(write(ready[1], "x", 1) != 1, "write");
			exit(read(0, &octet, 1) ? 1 : 0);
		}
		/* One after the other, so that a failure is told before the next begins. */
		check(read(ready[0], &octet, 1) != 1, "child");
	}
	return count;
}

static int accepted;

static void *accept_all(void *argument)
{
	int listener = *(int *)argument;

	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			return NULL;
		close(fd);
		__atomic_fetch_add(&accepted, 1, __ATOMIC_RELEASE);
	}
}

static int churn(int seconds)
{
	int listener = listen_at(PORT);
	struct sockaddr_in address = address_at(PORT);
	struct timespec now, end;
	pthread_t thread;
	int count = 0;

	check(pthread_create(&thread, NULL, accept_all, &listener), "pthread_create");
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += seconds;
	do {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		check(fd < 0, "socket");
		check(connect(fd, (void *)&address, sizeof(address)), "connect");
		close(fd);
		count++;
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec < end.tv_sec || (now.tv_sec == end.tv_sec && now.tv_nsec < end.tv_nsec));
	/* A listener that is shut down resets what is still in its queue. */
	while (__atomic_load_n(&accepted, __ATOMIC_ACQUIRE) < count)
		usleep(1000);
	shutdown(listener, SHUT_RD);
	pthread_join(thread, NULL);
	close(listener);
	return count;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	int count = argc > 2 ? atoi(argv[2]) : 0;
	struct stat netns;
	char octet;

	enter_namespace();
	check(stat("/proc/self/ns/net", &netns), "stat");
	printf("{\"pid\":%d,\"netns\":%lu}\n", getpid(), (unsigned long)netns.st_ino);
	fflush(stdout);
	if (read(0, &octet, 1) != 1)
		return 1;
	if (!strcmp(mode, "flood"))
		count = send_syns(count, 0);
	else if (!strcmp(mode, "scan"))
		count = send_syns(count, 1);
	else if (!strcmp(mode, "listeners"))
		count = open_listeners(count);
	else if (!strcmp(mode, "churn"))
		count = churn(count);
	else
		return 2;
	printf("{\"count\":%d}\n", count);
	fflush(stdout);
	if (read(0, &octet, 1))
		return 1;
	while (wait(NULL) > 0)
		;
	return 0;
}
