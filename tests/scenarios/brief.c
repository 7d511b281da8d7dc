// SPDX-License-Identifier: MIT
/*
 * brief COUNT ADDRESS PORT NAME: starts COUNT processes one after the other, each of which sends one query for
 * pN.NAME and ends at once, about a millisecond after it began. The parent logs the truth about them.
 */
#include "scenario.h"

static int child(char **argv)
{
	uint8_t query[512];
	union address to = parse_address(argv[2], argv[3]);
	size_t size = build_query(query, random_id(), argv[4], TYPE_A, 0, 0);
	int fd = socket(to.base.sa_family, SOCK_DGRAM, 0);

	return sendto(fd, query, size, 0, &to.base, address_size(&to)) < 0;
}

int main(int argc, char **argv)
{
	char exe[4096] = {}, name[512], cmdline[8192];

	if (argc != 5)
		return 2;
	if (!strcmp(argv[1], "child"))
		return child(argv);
	if (readlink("/proc/self/exe", exe, sizeof(exe) - 1) < 0)
		die("readlink");
	for (int i = 0; i < atoi(argv[1]); i++) {
		char *const arguments[] = { exe, "child", argv[2], argv[3], name, NULL };
		struct timespec before, after;
		struct text text = {};
		size_t size = 0;
		int status;
		pid_t pid;

		snprintf(name, sizeof(name), "p%d.%s", i, argv[4]);
		for (int at = 0; at < 5; at++)
			size += (size_t)snprintf(cmdline + size, sizeof(cmdline) - size, "%s", arguments[at]) + 1;
		clock_gettime(CLOCK_REALTIME, &before);
		pid = vfork();
		if (pid == 0) {
			execv(exe, arguments);
			_exit(1);
		}
		waitpid(pid, &status, 0);
		clock_gettime(CLOCK_REALTIME, &after);
		add(&text, "{\"kind\":\"asked\",\"pid\":%d,\"tid\":%d,\"ppid\":%d,\"uid\":0,\"gid\":0,\"comm\":\"", pid, pid,
		    (int)getpid());
		add_hex(&text, "brief", 5);
		add(&text, "\",\"exe\":\"");
		add_hex(&text, exe, strlen(exe));
		add(&text, "\",\"cmdline\":\"");
		add_hex(&text, cmdline, size);
		add(&text, "\",\"lifeUs\":%lld", (long long)(after.tv_sec - before.tv_sec) * 1000000 +
						     (after.tv_nsec - before.tv_nsec) / 1000);
		asked(&text, name, "A", "udp", 0, (unsigned int)atoi(argv[3]), -1);
		if (status)
			return 1;
	}
	return 0;
}
