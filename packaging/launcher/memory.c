// SPDX-License-Identifier: MIT
/* Unpacks to memory where no directory will do: read-only, full, without exec, or not to be trusted. */
#define _GNU_SOURCE
#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

/* Low numbers are the caller's. */
#define FIRST_FD 10

static int load(const struct payload_file *file, bool is_runtime)
{
	unsigned int flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int fd = memfd_create(file->name, flags | (is_runtime ? MFD_EXEC : 0));
	int error;

	/* Linux 6.3 made it a flag; before, every memory file could be executed. */
	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(file->name, flags);
	if (fd < 0)
		return -errno;
	error = extract(file, fd);
	if (!error && fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0)
		error = errno;
	if (error) {
		close(fd);
		return -error;
	}
	return fd;
}

/* The first of count descriptors in a row that are free. */
static int free_row(int count)
{
	int first = FIRST_FD;

	for (int i = 0; i < count; i++) {
		if (fcntl(first + i, F_GETFD) >= 0) {
			first += i + 1;
			i = -1;
		}
	}
	return first;
}

/*
 * Loads everything. The script and the assets get descriptors in the order of the payload, one after the other, which
 * is how src/assets.ts finds them. Returns 0 or errno.
 */
int load_memory(int *runtime_fd, int *script_fd)
{
	int first;

	*runtime_fd = load(&payload[0], true);
	if (*runtime_fd < 0)
		return -*runtime_fd;
	first = free_row((int)payload_count - 1);
	for (size_t i = 1; i < payload_count; i++) {
		int fd = load(&payload[i], false);

		if (fd < 0)
			return -fd;
		if (dup2(fd, first + (int)i - 1) < 0)
			return errno;
		close(fd);
	}
	*script_fd = first;
	return 0;
}
