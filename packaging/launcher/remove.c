// SPDX-License-Identifier: MIT
/* Removes directories of the cache that nobody uses: older versions, and what a killed process left behind. */
#define _GNU_SOURCE
#include "launcher.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* The runtime nests its files less deep than this. */
#define MAX_DEPTH 16

static void remove_below(int parent_fd, const char *name, int depth)
{
	int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *directory = fd >= 0 && depth > 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;

	if (!directory) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((entry = readdir(directory))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (unlinkat(fd, entry->d_name, 0) != 0)
			remove_below(fd, entry->d_name, depth - 1);
	}
	closedir(directory);
	(void)unlinkat(parent_fd, name, AT_REMOVEDIR);
}

/* Removes a name with all that is below it, as far as it can; what stays does no harm. */
void remove_tree(int parent_fd, const char *name)
{
	if (unlinkat(parent_fd, name, 0) == 0)
		return;
	remove_below(parent_fd, name, MAX_DEPTH);
}

/* Whether a name is one that this program gives. */
static bool is_ours(const char *name)
{
	if (strncmp(name, ".new-", 5) == 0)
		return true;
	return strlen(name) == strlen(payload_id) && strspn(name, "0123456789abcdef") == strlen(name);
}

void remove_unused(int cache_fd, uid_t owner)
{
	int list_fd = openat(cache_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = list_fd >= 0 ? fdopendir(list_fd) : NULL;
	struct dirent *entry;

	while (directory && (entry = readdir(directory))) {
		struct stat info;
		int fd;

		if (!is_ours(entry->d_name) || strcmp(entry->d_name, payload_id) == 0)
			continue;
		fd = openat(cache_fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			continue;
		/* Every process that uses or fills a directory holds a lock on it. */
		if (fstat(fd, &info) == 0 && info.st_uid == owner && flock(fd, LOCK_EX | LOCK_NB) == 0)
			remove_tree(cache_fd, entry->d_name);
		close(fd);
	}
	if (directory)
		closedir(directory);
}
