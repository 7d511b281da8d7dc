// SPDX-License-Identifier: MIT
/*
 * packet MODE DEVICE TARGET-MAC SOURCE ADDRESS PORT NAME: asks through an AF_PACKET socket, past the IP stack; a UDP
 * socket bound to the same port only receives. MODE is raw (whole frame) or dgram (the kernel adds the link header).
 */
#include "scenario.h"
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <sys/ioctl.h>

static uint16_t checksum(const void *data, size_t size, uint32_t sum)
{
	const uint8_t *octets = data;

	for (size_t i = 0; i + 1 < size; i += 2)
		sum += get16(octets + i);
	if (size & 1)
		sum += (uint32_t)octets[size - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

int main(int argc, char **argv)
{
	static uint8_t frame[1500];
	struct sockaddr_ll link = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_halen = 6 };
	struct ethhdr *ethernet = (struct ethhdr *)frame;
	struct iphdr *ip = (struct iphdr *)(frame + sizeof(*ethernet));
	struct udphdr *udp = (struct udphdr *)(ip + 1);
	unsigned int id = random_id();
	struct ifreq request = {};
	union address from, to;
	struct text text;
	uint32_t pseudo = 0;
	socklen_t length;
	int raw, fd;
	bool whole;
	size_t size;

	if (argc != 8)
		return 2;
	whole = !strcmp(argv[1], "raw");
	from = parse_address(argv[4], "0");
	to = parse_address(argv[5], argv[6]);
	link.sll_ifindex = (int)if_nametoindex(argv[2]);
	sscanf(argv[3], "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx", link.sll_addr, link.sll_addr + 1, link.sll_addr + 2,
	       link.sll_addr + 3, link.sll_addr + 4, link.sll_addr + 5);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	length = sizeof(from.v4);
	if (bind(fd, &from.base, length) < 0 || getsockname(fd, &from.base, &length) < 0)
		die("bind");
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", argv[2]);
	if (ioctl(fd, SIOCGIFHWADDR, &request) < 0)
		die("read the address of %s", argv[2]);
	raw = socket(AF_PACKET, whole ? SOCK_RAW : SOCK_DGRAM, 0);
	if (raw < 0)
		die("open a packet socket");
	memcpy(ethernet->h_dest, link.sll_addr, 6);
	memcpy(ethernet->h_source, request.ifr_hwaddr.sa_data, 6);
	ethernet->h_proto = htons(ETH_P_IP);
	size = build_query((uint8_t *)(udp + 1), id, argv[7], TYPE_A, 0, 0) + 8;
	udp->source = from.v4.sin_port;
	udp->dest = to.v4.sin_port;
	udp->len = htons((uint16_t)size);
	ip->version = 4;
	ip->ihl = 5;
	ip->ttl = 64;
	ip->protocol = IPPROTO_UDP;
	ip->tot_len = htons((uint16_t)(size + sizeof(*ip)));
	ip->saddr = from.v4.sin_addr.s_addr;
	ip->daddr = to.v4.sin_addr.s_addr;
	ip->check = checksum(ip, sizeof(*ip), 0);
	for (int i = 0; i < 8; i += 2)
		pseudo += get16((uint8_t *)&ip->saddr + i);
	udp->check = checksum(udp, size, pseudo + IPPROTO_UDP + (uint32_t)size);
	size += sizeof(*ip);
	identify(&text, "asked");
	if (sendto(raw, whole ? frame : (uint8_t *)ip, whole ? size + sizeof(*ethernet) : size, 0, (struct sockaddr *)&link,
		   sizeof(link)) < 0)
		die("send");
	asked(&text, argv[7], "A", "packet", local_port(fd), address_port(&to), await_udp(fd, id, PATIENCE_MS));
	return 0;
}
