/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Whether a program runs on behalf of the current task.
 */
#ifndef CULPRIT_CONTEXT_H
#define CULPRIT_CONTEXT_H

#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* Of preempt_count: softirqs served, and times bottom halves were turned off. */
#define SOFTIRQ_COUNT_MASK 0xff00

#if defined(__TARGET_ARCH_x86)
/* Linux 6.2 to 6.14 keep the count in pcpu_hot; before and after it is a variable of its own. */
struct pcpu_hot {
	int preempt_count;
} __attribute__((preserve_access_index));

extern const struct pcpu_hot pcpu_hot __ksym __weak;
extern const int __preempt_count __ksym __weak;
#else
struct thread_info___counted {
	struct {
		__u32 count;
	} preempt;
} __attribute__((preserve_access_index));

struct task_struct___counted {
	struct thread_info___counted thread_info;
} __attribute__((preserve_access_index));
#endif

/*
 * Whether bottom halves are off, as in a softirq: a packet that leaves then is not sent by the current task. A task
 * that sends has them on; who releases a packet from an NFQUEUE has them off. False where the kernel does not tell.
 */
static __always_inline bool bottom_halves_off(void)
{
	int count = 0;

#if defined(__TARGET_ARCH_x86)
	if (&__preempt_count)
		count = *(const int *)bpf_this_cpu_ptr(&__preempt_count);
	else if (&pcpu_hot)
		count = ((const struct pcpu_hot *)bpf_this_cpu_ptr(&pcpu_hot))->preempt_count;
#else
	struct task_struct___counted *task = (void *)bpf_get_current_task();

	if (bpf_core_field_exists(task->thread_info.preempt.count))
		count = BPF_CORE_READ(task, thread_info.preempt.count);
#endif
	return count & SOFTIRQ_COUNT_MASK;
}

#endif
