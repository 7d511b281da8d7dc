// SPDX-License-Identifier: MIT
/*
 * raw MODE SOURCE ADDRESS PORT NAME: asks through a raw socket from the address SOURCE; a UDP socket bound to the same
 * port only receives.
 *
 *   hdrincl  IPPROTO_RAW, the program writes the IPv4 header
 *   udp      SOCK_RAW with IPPROTO_UDP, the program writes the UDP header (IPv4 or IPv6)
 *   sniff    opens a raw UDP socket, which gets a copy of every datagram, and only waits
 */
#include "scenario.h"
#include <netinet/ip.h>
#include <netinet/udp.h>

static uint32_t sum16(const void *data, size_t size, uint32_t sum)
{
	const uint8_t *octets = data;

	for (size_t i = 0; i + 1 < size; i += 2)
		sum += get16(octets + i);
	if (size & 1)
		sum += (uint32_t)octets[size - 1] << 8;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

int main(int argc, char **argv)
{
	static uint8_t packet[1500];
	union address from, to;
	bool v4, whole;
	struct text text;
	unsigned int id = random_id();
	size_t header, size;
	struct udphdr *udp;
	uint32_t sum;
	int raw, fd;
	socklen_t length;

	if (argc != 6)
		return 2;
	from = parse_address(argv[2], "0");
	to = parse_address(argv[3], argv[4]);
	v4 = to.base.sa_family == AF_INET;
	whole = !strcmp(argv[1], "hdrincl");
	raw = socket(to.base.sa_family, SOCK_RAW, whole ? IPPROTO_RAW : IPPROTO_UDP);
	if (raw < 0)
		die("open a raw socket");
	if (!strcmp(argv[1], "sniff")) {
		ready();
		await_line();
		return 0;
	}
	fd = socket(to.base.sa_family, SOCK_DGRAM, 0);
	length = address_size(&from);
	if (bind(fd, &from.base, length) < 0 || getsockname(fd, &from.base, &length) < 0)
		die("bind");
	header = whole ? sizeof(struct iphdr) : 0;
	udp = (struct udphdr *)(packet + header);
	size = build_query(packet + header + 8, id, argv[5], TYPE_A, 0, 0) + 8;
	udp->source = v4 ? from.v4.sin_port : from.v6.sin6_port;
	udp->dest = v4 ? to.v4.sin_port : to.v6.sin6_port;
	udp->len = htons((uint16_t)size);
	sum = IPPROTO_UDP + (uint32_t)size;
	if (v4) {
		sum = sum16(&from.v4.sin_addr, 4, sum);
		sum = sum16(&to.v4.sin_addr, 4, sum);
	} else {
		sum = sum16(&from.v6.sin6_addr, 16, sum);
		sum = sum16(&to.v6.sin6_addr, 16, sum);
	}
	udp->check = fold(sum16(udp, size, sum));
	if (whole) {
		struct iphdr *ip = (struct iphdr *)packet;

		ip->version = 4;
		ip->ihl = 5;
		ip->ttl = 64;
		ip->protocol = IPPROTO_UDP;
		ip->tot_len = htons((uint16_t)(size + header));
		ip->saddr = from.v4.sin_addr.s_addr;
		ip->daddr = to.v4.sin_addr.s_addr;
		size += header;
	}
	identify(&text, "asked");
	if (v4)
		to.v4.sin_port = 0;
	else
		to.v6.sin6_port = 0;
	if (sendto(raw, packet, size, 0, &to.base, address_size(&to)) < 0)
		die("send");
	close(raw);
	asked(&text, argv[5], "A", "udp", local_port(fd), (unsigned int)atoi(argv[4]), await_udp(fd, id, PATIENCE_MS));
	return 0;
}
