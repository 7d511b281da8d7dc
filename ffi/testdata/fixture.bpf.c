// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* What ffi/kernel_test.ts and ffi/ring_buffer_bench.ts load: one small program per way of attaching. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct seq_file;
struct task_struct {
	int tgid;
};
struct bpf_iter_meta {
	struct seq_file *seq;
};
struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};
struct bpf_iter__bpf_map_elem {
	struct bpf_iter_meta *meta;
	void *key;
	void *value;
};
#pragma clang attribute pop

/* Multiplies what fix_fill writes. */
const volatile __u32 factor = 1;
/* Thread group whose sockets fix_sock counts. */
const volatile __u32 watched_tgid = 0;
/* Comm, of at most 15 characters, whose executions fix_exec counts. */
const volatile char watched_comm[16] = {};

__u64 fill_runs = 0;
__u64 exec_count = 0;
__u64 sock_count = 0;
__u64 uprobe_count = 0;
__u64 submit_count = 0;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 16);
} fix_ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u64);
} fix_table SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64[2]);
} fix_percpu SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 3);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, __u32);
} fix_array SEC(".maps");

/* Made larger than any memory by the test. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u8[4096]);
} fix_huge SEC(".maps");

struct fix_record {
	__u64 index;
	__u64 product;
};

/* args[0] records, at most 256, with an ascending number; every args[1]-th is discarded. */
SEC("raw_tp/sys_enter")
int fix_fill(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 count = ctx->args[0];
	__u64 discard_every = ctx->args[1];
	struct fix_record *record;

	fill_runs++;
	for (__u32 i = 0; i < 256 && i < count; i++) {
		record = bpf_ringbuf_reserve(&fix_ring, sizeof(*record), 0);
		if (!record)
			return 1;
		record->index = i;
		record->product = i;
		record->product *= factor;
		if (discard_every && i % discard_every == 0) {
			bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);
		} else {
			bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
			__sync_fetch_and_add(&submit_count, 1);
		}
	}
	return 0;
}

/* Adds args[0] to both counters of element 1 on this CPU, and to element 2 of the mapped array. */
SEC("raw_tp/sys_enter")
int fix_count(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 one = 1, two = 2;
	__u64 *counters = bpf_map_lookup_elem(&fix_percpu, &one);
	__u32 *element = bpf_map_lookup_elem(&fix_array, &two);

	if (!counters || !element)
		return 1;
	counters[0] += ctx->args[0];
	counters[1] += 2 * ctx->args[0];
	*element += ctx->args[0];
	return 0;
}

/* Rejected by the verifier: the pointer may be NULL. */
SEC("raw_tp/sys_enter")
int fix_bad(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 key = ctx->args[0];
	__u64 *value = bpf_map_lookup_elem(&fix_table, &key);

	return *value;
}

/* Its hook does not exist. */
SEC("tp_btf/fix_no_such_tracepoint")
int fix_nohook(void *ctx)
{
	return 0;
}

SEC("tp_btf/sched_process_exec")
int fix_exec(void *ctx)
{
	char comm[16];

	bpf_get_current_comm(comm, sizeof(comm));
	for (int i = 0; i < 16; i++) {
		if (comm[i] != watched_comm[i])
			return 0;
		if (!comm[i])
			break;
	}
	__sync_fetch_and_add(&exec_count, 1);
	return 0;
}

SEC("cgroup/sock_create")
int fix_sock(struct bpf_sock *ctx)
{
	if (bpf_get_current_pid_tgid() >> 32 == watched_tgid)
		__sync_fetch_and_add(&sock_count, 1);
	return 1;
}

SEC("uprobe")
int fix_uprobe(void *ctx)
{
	__sync_fetch_and_add(&uprobe_count, 1);
	return 0;
}

/* Writes the tgid of every task. */
SEC("iter/task")
int fix_tasks(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	__u32 tgid;

	if (!task)
		return 0;
	tgid = task->tgid;
	bpf_seq_write(ctx->meta->seq, &tgid, sizeof(tgid));
	return 0;
}

/* Writes key and value of every element. */
SEC("iter/bpf_map_elem")
int fix_elements(struct bpf_iter__bpf_map_elem *ctx)
{
	__u32 *key = ctx->key;
	__u64 *value = ctx->value;
	__u64 copy;

	if (!key || !value)
		return 0;
	copy = *key;
	bpf_seq_write(ctx->meta->seq, &copy, sizeof(copy));
	copy = *value;
	bpf_seq_write(ctx->meta->seq, &copy, sizeof(copy));
	return 0;
}
