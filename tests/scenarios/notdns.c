// SPDX-License-Identifier: MIT
/*
 * notdns KIND ADDRESS [COUNT]: exchanges messages of another protocol with a socket of its own: quic, stun, rtp, ntp,
 * snmp, sip, netbios, dhcp, syslog, random, http, tls, tcp-random. Every datagram is sent in both directions.
 */
#include "scenario.h"

static uint32_t state = 0x2545f491;

static uint8_t random_octet(void)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return (uint8_t)(state >> 11);
}

static void fill(uint8_t *at, size_t size)
{
	for (size_t i = 0; i < size; i++)
		at[i] = random_octet();
}

static size_t copy(uint8_t *at, const void *data, size_t size)
{
	memcpy(at, data, size);
	return size;
}

/* Writes the N-th datagram of a protocol, and the port it is sent to. */
static size_t compose(const char *kind, uint8_t *at, int n, unsigned int *port)
{
	if (!strcmp(kind, "quic")) {
		/* RFC 9000 section 17.2.2: long header, Initial, version 1, two connection ids of 8 octets. */
		*port = 443;
		fill(at, 1200);
		copy(at, n % 2 ? "\xc3\0\0\0\1\x08" : "\x43", n % 2 ? 6 : 1);
		return n % 2 ? 1200 : 60 + (size_t)n % 100;
	}
	if (!strcmp(kind, "stun")) {
		/* RFC 8489 section 5: binding request, magic cookie, transaction id, SOFTWARE. */
		*port = 3478;
		fill(at, 40);
		copy(at, "\0\1\0\x0c\x21\x12\xa4\x42", 8);
		copy(at + 20, "\x80\x22\0\x08" "scenario", 12);
		return 32;
	}
	if (!strcmp(kind, "rtp")) {
		/* RFC 3550 section 5.1: version 2, payload type 0, sequence, timestamp, source. */
		*port = 5004 + 2 * ((unsigned int)n % 8);
		fill(at, 172);
		at[0] = 0x80;
		at[1] = n % 50 ? 0 : 0x80;
		put16(at + 2, (unsigned int)n);
		put16(at + 4, 0);
		put16(at + 6, (unsigned int)n * 160 & 0xffff);
		return 172;
	}
	if (!strcmp(kind, "ntp")) {
		/* RFC 5905 section 7.3: version 4 client, all zero but the transmit time. */
		*port = 123;
		memset(at, 0, 48);
		at[0] = 0x23;
		fill(at + 40, 8);
		return 48;
	}
	if (!strcmp(kind, "snmp")) {
		*port = 161;
		return copy(at,
			    "\x30\x26\x02\x01\x01\x04\x06public\xa0\x19\x02\x01\x01\x02\x01\x00\x02\x01\x00\x30\x0e\x30\x0c"
			    "\x06\x08\x2b\x06\x01\x02\x01\x01\x02\x00\x05\x00",
			    40);
	}
	if (!strcmp(kind, "sip")) {
		*port = 5060;
		return (size_t)sprintf((char *)at, "OPTIONS sip:test@127.0.0.1 SIP/2.0\r\nCSeq: %d OPTIONS\r\n\r\n", n);
	}
	if (!strcmp(kind, "netbios")) {
		/* RFC 1002 section 4.2.12: name query for the wildcard name; the shape is that of a DNS query. */
		*port = 137;
		put16(at, (unsigned int)n);
		copy(at + 2, "\x01\x10\0\1\0\0\0\0\0\0\x20" "CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" "\0\0\x20\0\1", 48);
		return 50;
	}
	if (!strcmp(kind, "dhcp")) {
		*port = 67;
		memset(at, 0, 300);
		copy(at, "\1\1\6\0\x12\x34\x56\x78", 8);
		copy(at + 236, "\x63\x82\x53\x63\x35\1\1\xff", 8);
		return 300;
	}
	if (!strcmp(kind, "syslog")) {
		*port = 514;
		return (size_t)sprintf((char *)at, "<34>1 2026-11-21T00:00:00Z host su - - - message %d", n);
	}
	/* Random octets of every size to a spread of ports. */
	*port = 20000 + (unsigned int)n % 64;
	fill(at, (size_t)n % 600 + 1);
	return (size_t)n % 600 + 1;
}

static void datagrams(const char *kind, const char *ip, int count)
{
	static uint8_t data[2048];
	struct text text;
	int sender = socket(AF_INET, SOCK_DGRAM, 0), sink = -1;
	unsigned int port = 0, bound = 0;

	identify(&text, "asked");
	for (int n = 0; n < count; n++) {
		size_t size = compose(kind, data, n, &port);
		union address peer = {}, to = parse_address(ip, "0");
		socklen_t length = sizeof(peer);

		to.v4.sin_port = htons((uint16_t)port);
		if (bound != port) {
			if (sink >= 0)
				close(sink);
			sink = socket(AF_INET, SOCK_DGRAM, 0);
			if (bind(sink, &to.base, sizeof(to.v4)) < 0)
				die("bind port %u", port);
			bound = port;
		}
		if (sendto(sender, data, size, 0, &to.base, sizeof(to.v4)) < 0)
			die("send");
		if (recvfrom(sink, data, sizeof(data), 0, &peer.base, &length) < 0)
			die("receive");
		if (sendto(sink, data, size, 0, &peer.base, length) < 0)
			die("send back");
		if (recv(sender, data, sizeof(data), 0) < 0)
			die("receive back");
	}
	asked(&text, kind, "A", "udp", local_port(sender), port, -1);
}

static void stream(const char *kind, const char *ip, unsigned int port)
{
	union address at = parse_address(ip, "0");
	static uint8_t data[4096];
	int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0), server;
	struct text text;
	size_t size;

	at.v4.sin_port = htons((uint16_t)port);
	identify(&text, "asked");
	if (bind(listener, &at.base, sizeof(at.v4)) < 0 || listen(listener, 1) < 0)
		die("listen on port %u", port);
	if (connect(client, &at.base, sizeof(at.v4)) < 0 || (server = accept(listener, NULL, NULL)) < 0)
		die("connect");
	if (!strcmp(kind, "http")) {
		size = copy(data, "GET / HTTP/1.1\r\nHost: dns.test\r\n\r\n", 34);
	} else if (!strcmp(kind, "tls")) {
		fill(data, 517);
		size = copy(data, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11) + 506;
	} else {
		fill(data, sizeof(data));
		size = sizeof(data);
	}
	for (int i = 0; i < 20; i++) {
		if (send(client, data, size, 0) < 0 || !read_exact(server, data, size, PATIENCE_MS) ||
		    send(server, data, size, 0) < 0 || !read_exact(client, data, size, PATIENCE_MS))
			die("exchange");
	}
	asked(&text, kind, "A", "tcp", local_port(client), port, -1);
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	if (!strcmp(argv[1], "http"))
		stream(argv[1], argv[2], 8080);
	else if (!strcmp(argv[1], "tls"))
		stream(argv[1], argv[2], 443);
	else if (!strcmp(argv[1], "tcp-random"))
		stream(argv[1], argv[2], 9999);
	else
		datagrams(argv[1], argv[2], argc > 3 ? atoi(argv[3]) : 20);
	return 0;
}
