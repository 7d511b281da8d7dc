// SPDX-License-Identifier: MIT
/* Unpacks the payload into a new directory and gives it its name when it is whole. */
#define _GNU_SOURCE
#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

static int write_all(int fd, const unsigned char *data, size_t size)
{
	while (size > 0) {
		ssize_t written = write(fd, data, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return errno;
		data += written;
		size -= (size_t)written;
	}
	return 0;
}

/* Writes one file of the payload to a descriptor. Returns 0 or errno; EBADMSG when our own image is damaged. */
int extract(const struct payload_file *file, int fd)
{
	static unsigned char buffer[1024 * 1024];
	ZSTD_inBuffer input = { file->start, (size_t)(file->end - file->start), 0 };
	ZSTD_DCtx *context = ZSTD_createDCtx();
	size_t rest = 1, total = 0;
	int error = context ? 0 : ENOMEM;

	while (!error && rest != 0) {
		ZSTD_outBuffer output = { buffer, sizeof(buffer), 0 };

		rest = ZSTD_decompressStream(context, &output, &input);
		/* A frame that ends early makes no progress; its checksum is verified by the call itself. */
		if (ZSTD_isError(rest) || (rest != 0 && output.pos == 0 && input.pos == input.size))
			error = EBADMSG;
		else
			error = write_all(fd, buffer, output.pos);
		total += output.pos;
	}
	ZSTD_freeDCtx(context);
	if (!error && total != file->size_bytes)
		error = EBADMSG;
	return error;
}

static int unpack_file(int dir_fd, const struct payload_file *file)
{
	int fd = openat(dir_fd, file->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int error;

	if (fd < 0)
		return errno;
	error = extract(file, fd);
	/* On the disk before it has its name: after a power failure a whole file is whole. */
	if (!error && (fchmod(fd, file->mode) != 0 || fsync(fd) != 0))
		error = errno;
	if (close(fd) != 0 && !error)
		error = errno;
	return error;
}

static int fill(int dir_fd)
{
	for (size_t i = 0; i < payload_count; i++) {
		int error = unpack_file(dir_fd, &payload[i]);

		if (error)
			return error;
	}
	return mkdirat(dir_fd, STATE_NAME, 0700) == 0 && fchmod(dir_fd, 0755) == 0 ? 0 : errno;
}

/* Gives the new directory its name. Another process may have been faster; something unfit may be in the way. */
static int publish(int cache_fd, const char *name)
{
	if (renameat2(cache_fd, name, cache_fd, payload_id, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno == EINVAL && renameat(cache_fd, name, cache_fd, payload_id) == 0)
		return 0;
	if (errno != EEXIST && errno != ENOTEMPTY)
		return errno;
	{
		int fd = openat(cache_fd, payload_id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		bool usable = fd >= 0 && is_trusted_directory(fd, NULL, geteuid()) && is_complete(fd, geteuid());

		if (fd >= 0)
			close(fd);
		if (!usable && renameat2(cache_fd, name, cache_fd, payload_id, RENAME_EXCHANGE) != 0)
			return errno;
	}
	remove_tree(cache_fd, name);
	return 0;
}

/* Unpacks below the cache directory. Returns 0, or errno with nothing left behind. */
int unpack(int cache_fd)
{
	char name[32];
	uint64_t random;
	int dir_fd, error;

	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return EIO;
	snprintf(name, sizeof(name), ".new-%016llx", (unsigned long long)random);
	if (mkdirat(cache_fd, name, 0700) != 0)
		return errno;
	dir_fd = openat(cache_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir_fd < 0)
		return errno;
	/* Says to others that somebody is at work here. */
	(void)flock(dir_fd, LOCK_EX | LOCK_NB);
	error = fill(dir_fd);
	if (!error)
		error = publish(cache_fd, name);
	if (error)
		remove_tree(cache_fd, name);
	close(dir_fd);
	return error;
}
