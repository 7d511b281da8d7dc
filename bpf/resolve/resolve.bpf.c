// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * Resolve sensor: which process is resolving which name through libc. Where nscd or
 * systemd-resolved does the asking, reached through a unix socket that carries no DNS,
 * this is all that ties a query to the process that wanted it.
 *
 * Hooks: uprobes at getaddrinfo() and the gethostbyname() family of glibc, entry and
 * return.
 *
 * Misses: other C libraries, statically linked programs, containers with a glibc of
 * their own, and programs that speak to the daemons themselves.
 */
#include "event.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* RFC 1035: 253 characters in text, each of which an escape can make four of, are more than any name that is found. */
#define NAME_SIZE 256

/* Where the first argument of a function is among the registers a uprobe is given (asm/ptrace.h). */
#if defined(__TARGET_ARCH_x86)
#define FIRST_ARGUMENT 14
#else
#define FIRST_ARGUMENT 0
#endif

/* Lost because the ring was full. */
__u64 resolve_lost_ring = 0;

#pragma clang diagnostic push
#pragma clang diagnostic error "-Wpadded"

/* A process begins to resolve a name; the size of the name is 0 when it has ended. */
struct resolve_event {
	__u64 ts_ns;
	__u16 record_type;
	__u16 name_size;
	__u32 reserved;
	__u64 start_time_ns;
	__u32 tgid;
	__u32 tid;
	__u32 uid;
	__u32 gid;
	__u8 comm[COMM_SIZE];
	__u8 name[NAME_SIZE];
};

#pragma clang diagnostic pop

EVENT_LAYOUT(resolve_event);

static __always_inline int send(const char *name)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct resolve_event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	long size = 0;

	if (!event) {
		COUNT(resolve_lost_ring);
		return 0;
	}
	event->ts_ns = bpf_ktime_get_boot_ns();
	event->record_type = RECORD_RESOLVE;
	event->reserved = 0;
	READ_IDENTITY(event, task);
	/* Without NUL; a name that cannot be read, or is empty, is none. */
	if (name)
		size = bpf_probe_read_user_str(event->name, NAME_SIZE, name);
	event->name_size = size > 0 ? size - 1 : 0;
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
	return 0;
}

SEC("uprobe")
int resolve_begin(const unsigned long *registers)
{
	return send((const char *)registers[FIRST_ARGUMENT]);
}

SEC("uretprobe")
int resolve_end(const unsigned long *registers)
{
	return send(NULL);
}
