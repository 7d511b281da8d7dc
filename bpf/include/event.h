/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * What all sensors share: the ring buffer, the common header of every record,
 * loss counters and the facts that identify a task.
 */
#ifndef CULPRIT_EVENT_H
#define CULPRIT_EVENT_H

#include "vmlinux.h"

#include <bpf/bpf_helpers.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#define COMM_SIZE 16

/* Every record starts with `__u64 ts_ns; __u16 record_type;`. */
enum record_type {
	RECORD_EXEC = 1,
	RECORD_FORK = 2,
	RECORD_EXIT = 3,
	RECORD_DNS_PACKET = 4,
	RECORD_CONNECTION = 5,
	RECORD_CGROUP = 6,
	RECORD_RESOLVE = 7,
	RECORD_UNIX = 8,
};

/*
 * A type used only through local pointers is missing from BTF. An unused global
 * pointer to it keeps it there for scripts/gen.ts, which writes its TypeScript.
 */
#define EVENT_LAYOUT(name) const struct name *layout_##name __attribute__((unused))
#define ENUM_LAYOUT(name) const enum name *layout_##name __attribute__((unused))

/*
 * One ring for all sensors, so that events stay in order. The size is set
 * before load. Records are committed without wake-up: the reader polls.
 */
struct ring_map {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 * 1024 * 1024);
};

#ifdef DEFINE_RING
struct ring_map events SEC(".maps");
#else
extern struct ring_map events SEC(".maps");
#endif

/* Plain per-CPU increments drift when interrupts nest: every counter is atomic. */
#define COUNT(counter) __sync_fetch_and_add(&(counter), 1)

/* Who a task is: (tgid, start_time_ns) names its process for ever. */
struct task_identity {
	__u64 start_time_ns;
	__u32 tgid;
	__u32 tid;
	__u32 uid;
	__u32 gid;
	__u8 comm[COMM_SIZE];
};

/* Linux 5.5 renamed real_start_time to start_boottime: the 5.10 floor has it. */
static __always_inline __u64 process_start_ns(struct task_struct *task)
{
	return BPF_CORE_READ(task, group_leader, start_boottime);
}

/* Reads the identity of a task into any struct that has the members of task_identity. */
#define READ_IDENTITY(to, task)                                                                    \
	do {                                                                                       \
		(to)->start_time_ns = process_start_ns(task);                                      \
		(to)->tgid = BPF_CORE_READ(task, tgid);                                            \
		(to)->tid = BPF_CORE_READ(task, pid);                                              \
		(to)->uid = BPF_CORE_READ(task, real_cred, uid.val);                               \
		(to)->gid = BPF_CORE_READ(task, real_cred, gid.val);                               \
		bpf_core_read((to)->comm, COMM_SIZE, &(task)->comm);                               \
	} while (0)

#define COPY_IDENTITY(to, from)                                                                    \
	do {                                                                                       \
		(to)->start_time_ns = (from)->start_time_ns;                                       \
		(to)->tgid = (from)->tgid;                                                         \
		(to)->tid = (from)->tid;                                                           \
		(to)->uid = (from)->uid;                                                           \
		(to)->gid = (from)->gid;                                                           \
		((__u64 *)(to)->comm)[0] = ((const __u64 *)(from)->comm)[0];                       \
		((__u64 *)(to)->comm)[1] = ((const __u64 *)(from)->comm)[1];                       \
	} while (0)

#define CLEAR_IDENTITY(to)                                                                         \
	do {                                                                                       \
		(to)->start_time_ns = 0;                                                           \
		(to)->tgid = (to)->tid = (to)->uid = (to)->gid = 0;                                \
		((__u64 *)(to)->comm)[0] = ((__u64 *)(to)->comm)[1] = 0;                           \
	} while (0)

/*
 * Reads the identity of the current task. Linux 5.11 hands the task out as a typed
 * pointer, whose fields are plain loads; before, each of ten is a call.
 */
#define READ_CURRENT_IDENTITY(to)                                                                  \
	do {                                                                                       \
		if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf)) { \
			struct task_struct *current = bpf_get_current_task_btf();                  \
			(to)->start_time_ns = current->group_leader->start_boottime;               \
			(to)->tgid = current->tgid;                                                \
			(to)->tid = current->pid;                                                  \
			(to)->uid = current->real_cred->uid.val;                                   \
			(to)->gid = current->real_cred->gid.val;                                   \
			((__u64 *)(to)->comm)[0] = ((__u64 *)current->comm)[0];                    \
			((__u64 *)(to)->comm)[1] = ((__u64 *)current->comm)[1];                    \
		} else {                                                                           \
			struct task_struct *current = (void *)bpf_get_current_task();              \
			READ_IDENTITY(to, current);                                                \
		}                                                                                  \
	} while (0)

static __always_inline void read_identity(struct task_identity *id, struct task_struct *task)
{
	READ_IDENTITY(id, task);
}

#endif
