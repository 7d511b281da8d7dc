// SPDX-License-Identifier: MIT
/*
 * What the static libraries cannot take from glibc 2.31 or cannot refer to from a shared library. scripts/libbpf.ts
 * directs them here.
 */
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOCAL __attribute__((visibility("hidden")))

LOCAL extern FILE *culprit_stderr;
LOCAL int culprit_fstat(int fd, struct stat *info);
LOCAL void __libelf_seterrno(int value);
LOCAL int elf_errno(void);
LOCAL const char *elf_errmsg(int error);

/* The static libbpf refers to stderr as a program does, by a copy of its own. */
FILE *culprit_stderr;

__attribute__((constructor)) static void set_stderr(void)
{
	culprit_stderr = stderr;
}

/* fstat became a function of its own in glibc 2.33. */
int culprit_fstat(int fd, struct stat *info)
{
	return (int)syscall(SYS_fstat, fd, info);
}

/* libelf's own errno is thread-local as programs have it, which a shared library cannot have. */
static __thread int last_error;

void __libelf_seterrno(int value)
{
	last_error = value;
}

int elf_errno(void)
{
	int error = last_error;

	last_error = 0;
	return error;
}

const char *elf_errmsg(int error)
{
	static __thread char text[32];
	int shown = error > 0 ? error : last_error;

	if (error == 0 && shown == 0)
		return NULL;
	snprintf(text, sizeof(text), "libelf error %d", shown);
	return text;
}
