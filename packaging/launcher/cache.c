// SPDX-License-Identifier: MIT
/*
 * Finds the directory with the unpacked files, or makes it: /var/cache/culprit/<id> for root, which others may use as
 * well, and culprit/<id> in the user's cache directory for others.
 */
#define _GNU_SOURCE
#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define SYSTEM_CACHE "/var/cache"
#define CACHE_NAME "culprit"

static const uid_t ROOT = 0;

/* The cache directory of a user who is not root; false when none is told. Relative ones do not count. */
static bool user_cache(char *path, size_t size)
{
	const char *cache = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");
	int length;

	if (cache && cache[0] == '/') {
		length = snprintf(path, size, "%s", cache);
	} else {
		if (!home || home[0] != '/')
			return false;
		length = snprintf(path, size, "%s/.cache", home);
	}
	if (length < 0 || (size_t)length >= size)
		return false;
	/* May be there already, and whether it is any good is seen below. */
	(void)mkdir(path, 0700);
	return true;
}

/* Whether programs can be run from the file system of a directory. */
static bool may_execute(int fd)
{
	struct statvfs info;

	return fstatvfs(fd, &info) == 0 && !(info.f_flag & ST_NOEXEC);
}

/* Opens the version's directory if it is complete, and keeps others from removing it while it is used. */
static int open_version(int cache_fd, uid_t owner)
{
	int fd = openat(cache_fd, payload_id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);

	if (fd < 0)
		return -1;
	/* Locked before it is looked at; the lock lives as long as the process, because the descriptor is inherited. */
	(void)flock(fd, LOCK_SH | LOCK_NB);
	if (is_trusted_directory(fd, NULL, owner) && is_complete(fd, owner))
		return fd;
	close(fd);
	return -1;
}

/* Looks in one cache directory; create says whether to unpack there. */
static bool try_cache(struct place *place, const char *base, uid_t owner, bool create)
{
	char cache_path[PATH_MAX - 64];
	int base_fd, cache_fd, length;

	length = snprintf(cache_path, sizeof(cache_path), "%s/%s", base, CACHE_NAME);
	if (length < 0 || (size_t)length >= sizeof(cache_path))
		return false;
	base_fd = open_trusted(base, owner);
	if (base_fd < 0)
		return false;
	if (create)
		(void)mkdirat(base_fd, CACHE_NAME, 0755);
	cache_fd = openat(base_fd, CACHE_NAME, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	close(base_fd);
	if (cache_fd < 0) {
		if (errno == ELOOP || errno == ENOTDIR)
			warn("\"%s\" is not used: it is not a directory", cache_path);
		return false;
	}
	place->dir_fd = -1;
	if (is_trusted_directory(cache_fd, cache_path, owner) && may_execute(cache_fd)) {
		snprintf(place->path, sizeof(place->path), "%s/%s", cache_path, payload_id);
		place->own = create;
		place->dir_fd = open_version(cache_fd, owner);
		if (place->dir_fd < 0 && create && unpack(cache_fd) == 0) {
			place->dir_fd = open_version(cache_fd, owner);
			remove_unused(cache_fd, owner);
		}
	}
	close(cache_fd);
	return place->dir_fd >= 0;
}

bool find_place(struct place *place)
{
	char cache[PATH_MAX - 128];
	uid_t caller = geteuid();

	if (caller == ROOT)
		return try_cache(place, SYSTEM_CACHE, ROOT, true);
	return try_cache(place, SYSTEM_CACHE, ROOT, false) ||
	       (user_cache(cache, sizeof(cache)) && try_cache(place, cache, caller, true));
}
