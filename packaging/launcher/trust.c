// SPDX-License-Identifier: MIT
/* Decides whether a directory can hold a program that this process becomes: nobody else may be able to change it. */
#define _GNU_SOURCE
#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WRITABLE_BY_OTHERS (S_IWGRP | S_IWOTH)

/* Whether only root and the owner can replace what is in a directory on the way to ours. */
static bool is_trusted_ancestor(const struct stat *info, uid_t owner)
{
	if (info->st_uid != 0 && info->st_uid != owner)
		return false;
	/* In a sticky directory others may add names, but not replace those of the owner. */
	return !(info->st_mode & WRITABLE_BY_OTHERS) || (info->st_mode & S_ISVTX);
}

/* Opens a directory, following links, if it and everything above is trusted. Returns -1 if not. */
int open_trusted(const char *path, uid_t owner)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int current;

	if (fd < 0)
		return -1;
	current = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	while (current >= 0) {
		struct stat info, above;
		int parent;

		if (fstat(current, &info) != 0)
			break;
		if (!is_trusted_ancestor(&info, owner)) {
			warn("\"%s\" is not used: uid %u (mode %o) could change it, found on the way there", path,
			     (unsigned int)info.st_uid, (unsigned int)(info.st_mode & 07777));
			break;
		}
		parent = openat(current, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		close(current);
		current = parent;
		if (parent < 0 || fstat(parent, &above) != 0)
			break;
		if (above.st_dev == info.st_dev && above.st_ino == info.st_ino) {
			close(parent);
			return fd;
		}
	}
	if (current >= 0)
		close(current);
	close(fd);
	return -1;
}

/* Whether an open directory belongs to its owner alone; says so if not and path is given. */
bool is_trusted_directory(int fd, const char *path, uid_t owner)
{
	struct stat info;

	if (fstat(fd, &info) != 0)
		return false;
	if (info.st_uid == owner && !(info.st_mode & WRITABLE_BY_OTHERS))
		return true;
	if (path)
		warn("\"%s\" is not used: it belongs to uid %u with mode %o, wanted uid %u and no other writer", path,
		     (unsigned int)info.st_uid, (unsigned int)(info.st_mode & 07777), (unsigned int)owner);
	return false;
}

/* Whether a directory holds every file of the payload, whole and safe, and the runtime's own directory. */
bool is_complete(int dir_fd, uid_t owner)
{
	struct stat info;

	for (size_t i = 0; i < payload_count; i++) {
		if (fstatat(dir_fd, payload[i].name, &info, AT_SYMLINK_NOFOLLOW) != 0)
			return false;
		if (!S_ISREG(info.st_mode) || info.st_uid != owner || (info.st_mode & 07777) != payload[i].mode ||
		    (size_t)info.st_size != payload[i].size_bytes)
			return false;
	}
	if (fstatat(dir_fd, STATE_NAME, &info, AT_SYMLINK_NOFOLLOW) != 0)
		return false;
	return S_ISDIR(info.st_mode) && info.st_uid == owner && !(info.st_mode & WRITABLE_BY_OTHERS);
}
