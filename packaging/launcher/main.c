// SPDX-License-Identifier: MIT
/* Finds or makes the place of the files, cleans the environment and becomes the runtime. */
#define _GNU_SOURCE
#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <unistd.h>

static void print(const char *format, va_list args)
{
	fputs("culprit: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

void warn(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print(format, args);
	va_end(args);
}

_Noreturn void fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print(format, args);
	va_end(args);
	exit(EXIT_INCOMPLETE);
}

/* Variables that would change what the runtime or the loader does, or make it talk to the network. */
static bool is_dropped(const char *entry)
{
	static const char *const prefixes[] = { "DENO_", "DENORT_", "NODE_", "NPM_CONFIG_", "npm_config_", "OTEL_",
						"LD_",	 "GLIBC_TUNABLES=", "SSLKEYLOGFILE=" };

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		if (strncmp(entry, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	}
	return false;
}

/* The environment of the runtime; state is the directory it may write to, NULL for none. */
static char **clean_environment(char **old, const char *state)
{
	size_t count = 0, kept = 0;
	char **clean, *directory;

	while (old[count])
		count++;
	clean = calloc(count + 4, sizeof(*clean));
	if (!clean)
		fail("Cannot start: out of memory");
	for (size_t i = 0; i < count; i++) {
		if (!is_dropped(old[i]))
			clean[kept++] = old[i];
	}
	/* Below a file nothing can be made: the runtime then keeps everything in memory. */
	if (asprintf(&directory, "DENO_DIR=%s", state ? state : "/dev/null/none") < 0)
		fail("Cannot start: out of memory");
	clean[kept++] = directory;
	clean[kept++] = "DENO_NO_UPDATE_CHECK=1";
	clean[kept++] = "DENO_NO_PACKAGE_JSON=1";
	return clean;
}

/* The command line of the runtime. */
static char **runtime_arguments(const char *script, int argc, char **argv)
{
	/* All permissions: any less and the runtime refuses /proc. Everything it could load from elsewhere is off. */
	static const char *const fixed[] = { RUNTIME_NAME,  "run",	   "--allow-all",  "--no-config",
					     "--no-lock",   "--no-npm",	   "--no-remote",  "--cached-only",
					     "--no-prompt", "--quiet",	   "--ext=js",
					     /* Given by scripts/offline.ts. */
					     V8_FLAGS };
	const size_t fixed_count = sizeof(fixed) / sizeof(fixed[0]);
	size_t given = argc > 0 ? (size_t)argc - 1 : 0;
	char **all = calloc(fixed_count + given + 2, sizeof(*all));

	if (!all)
		fail("Cannot start: out of memory");
	memcpy(all, fixed, sizeof(fixed));
	all[fixed_count] = (char *)script;
	memcpy(all + fixed_count + 1, argv + (argc > 0), given * sizeof(*all));
	return all;
}

/* Why the runtime does not start although it is there. */
static _Noreturn void fail_exec(const char *where, int error)
{
	if (error == ENOENT)
		fail("Cannot start the runtime from %s: this system has no glibc 2.31 or newer (its loader is missing)",
		     where);
	fail("Cannot start the runtime from %s: %s", where, strerror(error));
}

/* Runs from memory; returns only to say that the kernel refuses, with a reason. */
static void run_from_memory(int argc, char **argv, char **envp)
{
	int runtime_fd, script_fd, error;
	void (*file_size_handler)(int);
	char script[64];

	file_size_handler = signal(SIGXFSZ, SIG_IGN);
	error = load_memory(&runtime_fd, &script_fd);
	signal(SIGXFSZ, file_size_handler);
	if (error == EBADMSG)
		fail("Cannot unpack: this file is damaged, get it again");
	if (error)
		fail("Cannot unpack to memory: %s", strerror(error));
	if (access("/proc/self/fd", F_OK) != 0)
		fail("Cannot start: /proc is not mounted");
	snprintf(script, sizeof(script), "/proc/self/fd/%d", script_fd);
	execveat(runtime_fd, "", runtime_arguments(script, argc, argv), clean_environment(envp, NULL), AT_EMPTY_PATH);
	fail_exec("memory", errno);
}

/* Descriptors the runtime and a live command take, with room for the sockets of a snapshot. */
#define OPEN_FILES 256

/*
 * Address space V8 reserves at its start, in GiB: a cage that is aligned to its size takes three times 16 GiB until it is
 * (48.4 seen in 25 starts of Deno 2.9.6); with less it crashes, now and then from 34 on, always below 33.
 */
#define ADDRESS_SPACE_GIB 52ULL

/*
 * Stack of the main thread, in KiB: V8 takes nearly 1 MiB without asking how much there is. The deepest recursion crashes
 * with 1000 KiB, not with 1500.
 */
#define STACK_KIB 2048ULL

/* Raises a limit to what is needed; where that is refused, false and the most there may be. */
static bool raise_limit(int resource, rlim_t wanted, rlim_t *most)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) != 0 || limit.rlim_cur >= wanted)
		return true;
	*most = limit.rlim_max;
	if (limit.rlim_max < wanted)
		return false;
	limit.rlim_cur = wanted;
	setrlimit(resource, &limit);
	return true;
}

/* What the runtime would end without with an error of its own, or crash. */
static void require_surroundings(void)
{
	char directory[PATH_MAX];
	rlim_t most = 0;

	if (!getcwd(directory, sizeof(directory)) && errno == ENOENT)
		fail("Cannot start: the current directory was removed, change to another");
	if (!raise_limit(RLIMIT_NOFILE, OPEN_FILES, &most))
		fail("Cannot start: at most %llu files may be open, %d are needed (ulimit -n)", (unsigned long long)most,
		     OPEN_FILES);
	/* Nearly all of it is never used: a limit of memory belongs into a cgroup. */
	if (!raise_limit(RLIMIT_AS, ADDRESS_SPACE_GIB << 30, &most))
		fail("Cannot start: the address space is limited to %llu MiB, %llu are needed (ulimit -v, LimitAS=)",
		     (unsigned long long)most >> 20, ADDRESS_SPACE_GIB << 10);
	if (!raise_limit(RLIMIT_STACK, STACK_KIB << 10, &most))
		fail("Cannot start: the stack is limited to %llu KiB, %llu are needed (ulimit -s, LimitSTACK=)",
		     (unsigned long long)most >> 10, STACK_KIB);
}

int main(int argc, char **argv, char **envp)
{
	struct place place;
	char *script, *state = NULL;
	void (*file_size_handler)(int);
	bool found;

	/* The runtime is not made for a caller it must not trust: it runs any code that the environment names. */
	if (getauxval(AT_SECURE))
		fail("Cannot start with set-user-ID, set-group-ID or file capabilities: run it with sudo");
	/* The runtime would crash. */
	if (access("/proc/self/exe", F_OK) != 0 && errno == ENOENT)
		fail("Cannot start: /proc is not mounted");
	require_surroundings();
	/* A limit on the size of files is an error, not a reason to die without a word. */
	file_size_handler = signal(SIGXFSZ, SIG_IGN);
	found = find_place(&place);
	signal(SIGXFSZ, file_size_handler);
	if (!found && !installed_directory)
		run_from_memory(argc, argv, envp);
	if (found && place.own && asprintf(&state, "%s/%s", place.path, STATE_NAME) < 0)
		fail("Cannot start: out of memory");
	if (installed_directory) {
		place.dir_fd = open(installed_directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (place.dir_fd < 0)
			fail("Cannot open \"%s\": %s; install the package again", installed_directory, strerror(errno));
		snprintf(place.path, sizeof(place.path), "%s", installed_directory);
	}
	if (asprintf(&script, "%s/%s", place.path, SCRIPT_NAME) < 0)
		fail("Cannot start: out of memory");
	execveat(place.dir_fd, RUNTIME_NAME, runtime_arguments(script, argc, argv), clean_environment(envp, state), 0);
	/* A mount without exec, or a security module: memory may do. */
	if ((errno == EACCES || errno == EPERM) && !installed_directory)
		run_from_memory(argc, argv, envp);
	fail_exec(place.path, errno);
}
