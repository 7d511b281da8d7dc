// SPDX-License-Identifier: MIT
/*
 * uring MODE ADDRESS PORT NAME: sends its query through io_uring.
 *
 *   inline  sendmsg at submission, in the calling thread
 *   async   forced to an io-wq worker (IOSQE_ASYNC)
 *   sqpoll  submitted by the kernel's polling thread
 */
#include "scenario.h"
#include <liburing.h>

int main(int argc, char **argv)
{
	struct io_uring_params parameters = {};
	struct io_uring_sqe *entry;
	struct io_uring_cqe *done;
	struct msghdr message = {};
	struct iovec part;
	uint8_t query[512];
	unsigned int id = random_id();
	struct io_uring ring;
	union address to;
	struct text text;
	int fd, code;

	if (argc != 5)
		return 2;
	to = parse_address(argv[2], argv[3]);
	part.iov_base = query;
	part.iov_len = build_query(query, id, argv[4], TYPE_A, 0, 0);
	message.msg_iov = &part;
	message.msg_iovlen = 1;
	message.msg_name = &to;
	message.msg_namelen = address_size(&to);
	if (!strcmp(argv[1], "sqpoll")) {
		parameters.flags = IORING_SETUP_SQPOLL;
		parameters.sq_thread_idle = 50;
	}
	fd = socket(to.base.sa_family, SOCK_DGRAM, 0);
	code = io_uring_queue_init_params(8, &ring, &parameters);
	if (code < 0) {
		errno = -code;
		die("set up io_uring");
	}
	/* Before 5.11 the polling thread takes registered files only. */
	code = io_uring_register_files(&ring, &fd, 1);
	if (code < 0) {
		errno = -code;
		die("register a file with io_uring");
	}
	entry = io_uring_get_sqe(&ring);
	io_uring_prep_sendmsg(entry, 0, &message, 0);
	entry->flags |= IOSQE_FIXED_FILE;
	if (!strcmp(argv[1], "async"))
		entry->flags |= IOSQE_ASYNC;
	identify(&text, "asked");
	io_uring_submit(&ring);
	code = io_uring_wait_cqe(&ring, &done);
	if (code < 0 || done->res < 0) {
		errno = code < 0 ? -code : -done->res;
		die("send through io_uring");
	}
	asked(&text, argv[4], "A", "udp", local_port(fd), address_port(&to), await_udp(fd, id, PATIENCE_MS));
	io_uring_queue_exit(&ring);
	return 0;
}
