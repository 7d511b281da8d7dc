/* SPDX-License-Identifier: MIT */
/*
 * The offline single file: a static program that holds the runtime (Deno), the bundled program and its assets compressed,
 * puts them where only root or the caller can write, and becomes the runtime. docs/INSTALL.md says why it is built so.
 */
#ifndef CULPRIT_LAUNCHER_H
#define CULPRIT_LAUNCHER_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Culprit's exit code for "cannot observe" (src/errors.ts), which is what failing to start amounts to. */
#define EXIT_INCOMPLETE 3

/* The runtime is named so because the kernel takes the name of the process from it. */
#define RUNTIME_NAME "culprit"
#define SCRIPT_NAME "culprit.js"
/* What the runtime keeps for itself: compiled code. */
#define STATE_NAME "deno"

/* One file of the payload: a zstd frame in our own image. The runtime is first, the script second. */
struct payload_file {
	const char *name;
	const unsigned char *start;
	const unsigned char *end;
	size_t size_bytes; /* when unpacked */
	mode_t mode;
};

/* Made by scripts/offline.ts. */
extern const struct payload_file payload[];
extern const size_t payload_count;
/* Names the payload by its content: 32 hexadecimal digits. */
extern const char payload_id[];
/* Where a package has put the files; NULL when they are in the payload. */
extern const char *const installed_directory;

/* A directory that holds the files. */
struct place {
	int dir_fd;
	char path[PATH_MAX];
	/* Whether the runtime may keep its own files there. */
	bool own;
};

/* main.c */
void warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* cache.c */
bool find_place(struct place *place);

/* trust.c */
int open_trusted(const char *path, uid_t owner);
bool is_trusted_directory(int fd, const char *path, uid_t owner);
bool is_complete(int dir_fd, uid_t owner);

/* unpack.c */
int extract(const struct payload_file *file, int fd);
int unpack(int cache_fd);

/* remove.c */
void remove_tree(int parent_fd, const char *name);
void remove_unused(int cache_fd, uid_t owner);

/* memory.c */
int load_memory(int *runtime_fd, int *script_fd);

#endif
