// SPDX-License-Identifier: MIT
/* resolve NAME...: getaddrinfo(3) of the C library it was linked with (glibc, or musl when built by musl-gcc). */
#include "scenario.h"
#include <netdb.h>

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM }, *result = NULL;
		struct text text;
		int code;

		identify(&text, "asked");
		code = getaddrinfo(argv[i], "80", &hints, &result);
		asked(&text, argv[i], "A", "udp", 0, 53, code ? -1 : 0);
		if (result)
			freeaddrinfo(result);
	}
	return 0;
}
