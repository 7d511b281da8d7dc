// SPDX-License-Identifier: MIT
/* memory PROGRAM ARGUMENT...: becomes a copy of PROGRAM that exists in memory only (memfd), as malware does. */
#include "scenario.h"
#include <sys/mman.h>

int main(int argc, char **argv)
{
	int from, to;
	char buffer[65536];
	ssize_t size;

	if (argc < 2)
		return 2;
	from = open(argv[1], O_RDONLY);
	to = memfd_create("hidden", MFD_CLOEXEC);
	while ((size = read(from, buffer, sizeof(buffer))) > 0)
		if (write(to, buffer, (size_t)size) != size)
			die("write");
	fexecve(to, argv + 1, environ);
	die("execute a memory file");
}
