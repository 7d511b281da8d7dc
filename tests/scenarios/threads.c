// SPDX-License-Identifier: MIT
/*
 * threads MODE [-w] ADDRESS PORT NAME [PROGRAM]: a thread that is not the first one acts.
 *
 *   gone  the first thread ends (the process lives on without it), then the other asks NAME
 *   exec  the other thread becomes PROGRAM, which asks NAME: it takes over the pid
 *
 * With -w the thread waits for a line before it asks.
 */
#include "scenario.h"
#include "exchange.h"
#include <pthread.h>
#include <sched.h>

static const char *mode;
static char **arguments;
static bool wait_first;

/* Whether the first thread is a zombie. */
static bool leader_gone(void)
{
	char path[64], stat[512] = {}, *state;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)getpid());
	if (read_whole(path, stat, sizeof(stat) - 1) <= 0)
		return false;
	state = strrchr(stat, ')');
	return state && state[2] == 'Z';
}

/* What identify() says, less what a process without its first thread cannot read about itself. */
static void identify_thread(struct text *text, const char *exe, const char *cmdline, size_t cmdline_size)
{
	add(text, "{\"kind\":\"asked\",\"pid\":%d,\"tid\":%d,\"ppid\":%d,\"uid\":0,\"gid\":0,\"comm\":\"", (int)getpid(),
	    (int)syscall(SYS_gettid), (int)getppid());
	add_hex(text, "threads", 7);
	add(text, "\",\"exe\":\"");
	add_hex(text, exe, strlen(exe));
	add(text, "\",\"cmdline\":\"");
	add_hex(text, cmdline, cmdline_size);
	add(text, "\"");
}

static void *act(void *unused)
{
	static char exe[4096], cmdline[8192];
	ssize_t size = read_whole("/proc/thread-self/cmdline", cmdline, sizeof(cmdline));
	union address to = parse_address(arguments[1], arguments[2]);
	struct text text = {};
	unsigned int id;
	int fd;

	(void)unused;
	if (readlink("/proc/thread-self/exe", exe, sizeof(exe) - 1) < 0)
		die("readlink");
	if (!strcmp(mode, "exec")) {
		execl(arguments[4], arguments[4], arguments[1], arguments[2], arguments[3], "A", (char *)NULL);
		die("execute \"%s\"", arguments[4]);
	}
	while (!leader_gone())
		sched_yield();
	if (wait_first) {
		ready();
		await_line();
	}
	fd = open_connected(&to, false);
	identify_thread(&text, exe, cmdline, size > 0 ? (size_t)size : 0);
	id = ask(fd, false, arguments[3]);
	asked(&text, arguments[3], "A", "udp", local_port(fd), address_port(&to), await_answer(fd, false, id));
	_exit(0);
}

int main(int argc, char **argv)
{
	pthread_t thread;

	if (argc < 5)
		return 2;
	mode = argv[1];
	wait_first = !strcmp(argv[2], "-w");
	arguments = argv + 1 + wait_first;
	pthread_create(&thread, NULL, act, NULL);
	if (!strcmp(mode, "gone"))
		pthread_exit(NULL);
	pthread_join(thread, NULL);
	return 1;
}
