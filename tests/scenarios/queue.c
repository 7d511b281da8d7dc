// SPDX-License-Identifier: MIT
/*
 * queue NUMBER: a firewall daemon that lets every packet of an NFQUEUE pass, until its standard input ends or brings a
 * line.
 */
#include "scenario.h"
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>

/* A netlink message that grows by attributes. */
struct message {
	struct nlmsghdr header;
	struct nfgenmsg family;
	uint8_t attributes[64];
};

static void begin(struct message *message, unsigned int type, unsigned int number)
{
	memset(message, 0, sizeof(*message));
	message->header.nlmsg_len = NLMSG_LENGTH(sizeof(message->family));
	message->header.nlmsg_type = (uint16_t)(NFNL_SUBSYS_QUEUE << 8 | type);
	message->header.nlmsg_flags = NLM_F_REQUEST;
	message->family.nfgen_family = AF_UNSPEC;
	message->family.version = NFNETLINK_V0;
	message->family.res_id = htons((uint16_t)number);
}

static void put(struct message *message, unsigned int type, const void *data, size_t size)
{
	struct nlattr *attribute = (void *)((uint8_t *)message + NLMSG_ALIGN(message->header.nlmsg_len));

	attribute->nla_type = (uint16_t)type;
	attribute->nla_len = (uint16_t)(NLA_HDRLEN + size);
	memcpy(attribute + 1, data, size);
	message->header.nlmsg_len = NLMSG_ALIGN(message->header.nlmsg_len) + NLA_ALIGN(attribute->nla_len);
}

static void tell(int fd, const struct message *message)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	if (sendto(fd, message, message->header.nlmsg_len, 0, (void *)&kernel, sizeof(kernel)) < 0)
		die("talk to nfnetlink_queue");
}

static void accept_packet(int fd, unsigned int number, const struct nlmsghdr *header)
{
	const uint8_t *at = (const uint8_t *)NLMSG_DATA(header) + NLMSG_ALIGN(sizeof(struct nfgenmsg));
	const uint8_t *end = (const uint8_t *)header + header->nlmsg_len;
	struct nfqnl_msg_verdict_hdr verdict = { .verdict = htonl(NF_ACCEPT) };
	struct message message;

	if (header->nlmsg_type == NLMSG_ERROR) {
		errno = -*(const int *)NLMSG_DATA(header);
		die("bind the queue");
	}
	while (at + NLA_HDRLEN <= end) {
		const struct nlattr *attribute = (const void *)at;

		if (attribute->nla_type == NFQA_PACKET_HDR) {
			memcpy(&verdict.id, attribute + 1, sizeof(verdict.id));
			begin(&message, NFQNL_MSG_VERDICT, number);
			put(&message, NFQA_VERDICT_HDR, &verdict, sizeof(verdict));
			tell(fd, &message);
			return;
		}
		at += NLA_ALIGN(attribute->nla_len);
	}
}

int main(int argc, char **argv)
{
	static uint8_t buffer[65536] __attribute__((aligned(8)));
	struct nfqnl_msg_config_cmd command = { .command = NFQNL_CFG_CMD_BIND };
	struct nfqnl_msg_config_params parameters = { .copy_mode = NFQNL_COPY_META };
	struct pollfd pollers[2] = { { .events = POLLIN }, { .fd = STDIN_FILENO, .events = POLLIN } };
	struct message message;
	unsigned int number;
	int fd;

	if (argc != 2)
		return 2;
	number = (unsigned int)atoi(argv[1]);
	pollers[0].fd = fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	if (fd < 0)
		die("open netlink");
	begin(&message, NFQNL_MSG_CONFIG, number);
	put(&message, NFQA_CFG_CMD, &command, sizeof(command));
	tell(fd, &message);
	begin(&message, NFQNL_MSG_CONFIG, number);
	put(&message, NFQA_CFG_PARAMS, &parameters, sizeof(parameters));
	tell(fd, &message);
	ready();
	while (poll(pollers, 2, -1) > 0 && !pollers[1].revents) {
		ssize_t size = recv(fd, buffer, sizeof(buffer), 0);

		if (size < 0 && errno != ENOBUFS)
			die("read the queue");
		for (struct nlmsghdr *header = (void *)buffer; NLMSG_OK(header, size); header = NLMSG_NEXT(header, size))
			accept_packet(fd, number, header);
	}
	return 0;
}
