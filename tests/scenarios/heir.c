// SPDX-License-Identifier: MIT
/* heir ask udp|tcp PORT NAME: asks over descriptor 3. heir read udp|tcp: reads the answer to another program's query. */
#include "scenario.h"
#include "exchange.h"

int main(int argc, char **argv)
{
	const char *id = getenv("SCENARIO_ID");
	bool tcp;

	if (argc < 3)
		return 2;
	tcp = !strcmp(argv[2], "tcp");
	if (!strcmp(argv[1], "ask"))
		exchange(3, tcp, argv[4], (unsigned int)atoi(argv[3]));
	else if (id)
		return await_answer(3, tcp, (unsigned int)atoi(id)) < 0;
	return 0;
}
