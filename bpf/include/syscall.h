/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * System calls as tp_btf/sys_exit shows them, and the sockets behind their descriptors.
 */
#ifndef CULPRIT_SYSCALL_H
#define CULPRIT_SYSCALL_H

#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#define S_IFMT 0170000
#define S_IFSOCK 0140000

/* The same on every machine. */
#define NR_IO_URING_ENTER 426
/* Octets of a kernel stack on x86_64 and arm64, but for kernels that look for bugs of their own (KASAN). */
#define THREAD_SIZE 16384

struct task_struct___stack {
	void *stack;
} __attribute__((preserve_access_index));

/* Numbers of system calls; asm/unistd.h of the build machine would name that machine's. */
#if defined(__TARGET_ARCH_x86)
#define NR_CONNECT 42
#define NR_ACCEPT 43
#define NR_SENDTO 44
#define NR_SENDMSG 46
#define NR_BIND 49
#define NR_LISTEN 50
#define NR_ACCEPT4 288
#define TS_COMPAT 0x2

#define REGISTERS struct pt_regs___x86
#define REGISTER_NUMBER orig_ax
#define REGISTER_FIRST di

struct pt_regs___x86 {
	unsigned long di;
	unsigned long si;
	unsigned long dx;
	unsigned long r10;
	unsigned long r8;
	unsigned long r9;
	unsigned long orig_ax;
} __attribute__((preserve_access_index));

struct thread_info___x86 {
	__u32 status;
} __attribute__((preserve_access_index));

struct task_struct___x86 {
	struct thread_info___x86 thread_info;
} __attribute__((preserve_access_index));
#else
#define NR_BIND 200
#define NR_LISTEN 201
#define NR_ACCEPT 202
#define NR_CONNECT 203
#define NR_SENDTO 206
#define NR_SENDMSG 211
#define NR_ACCEPT4 242

#define REGISTERS struct pt_regs___aarch64
#define REGISTER_NUMBER syscallno
#define REGISTER_FIRST orig_x0

struct pt_regs___aarch64 {
	__u64 regs[31];
	__u64 orig_x0;
	__s32 syscallno;
} __attribute__((preserve_access_index));
#endif

static __always_inline long call_number(struct pt_regs *regs)
{
	return ((REGISTERS *)regs)->REGISTER_NUMBER;
}

/* Whether the call is one of a 32-bit program, which numbers its calls otherwise. */
static __always_inline bool is_compat_call(struct task_struct *task)
{
#if defined(__TARGET_ARCH_x86)
	return BPF_CORE_READ((struct task_struct___x86 *)task, thread_info.status) & TS_COMPAT;
#else
	return false;
#endif
}

/* An argument of a call that returned; `index` is a constant from 0. */
static __always_inline long call_argument(struct pt_regs *regs, int index)
{
#if defined(__TARGET_ARCH_x86)
	struct pt_regs___x86 *registers = (void *)regs;

	switch (index) {
	case 0:
		return registers->di;
	case 1:
		return registers->si;
	case 2:
		return registers->dx;
	case 3:
		return registers->r10;
	case 4:
		return registers->r8;
	default:
		return registers->r9;
	}
#else
	struct pt_regs___aarch64 *registers = (void *)regs;

	return index == 0 ? registers->orig_x0 : registers->regs[index];
#endif
}

/* What the current task entered the kernel with: of use in a system call only. */
static __always_inline struct pt_regs *current_registers(void)
{
	struct task_struct___stack *task;

	/* Linux 5.15. */
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs))
		return (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	task = (void *)bpf_get_current_task();
	return BPF_CORE_READ(task, stack) + THREAD_SIZE - bpf_core_type_size(REGISTERS);
}

/* As call_number(), of registers that no type vouches for. */
static __always_inline long read_call_number(struct pt_regs *regs)
{
	return BPF_CORE_READ((REGISTERS *)regs, REGISTER_NUMBER);
}

/* The first argument, as call_argument(), of registers that no type vouches for. */
static __always_inline long read_call_descriptor(struct pt_regs *regs)
{
	return BPF_CORE_READ((REGISTERS *)regs, REGISTER_FIRST);
}

/* The socket behind an open file; NULL when it is none. */
static __always_inline struct sock *socket_of_file(struct file *file)
{
	struct socket *socket;

	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return NULL;
	socket = BPF_CORE_READ(file, private_data);
	/* The inode of a listening Unix socket's path is a socket, too: what it opens to must point back. */
	if (!socket || BPF_CORE_READ(socket, file) != file)
		return NULL;
	return BPF_CORE_READ(socket, sk);
}

/* The socket behind a descriptor of a task; NULL when it is none. */
static __always_inline struct sock *socket_of_descriptor(struct task_struct *task, long fd)
{
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **descriptors = BPF_CORE_READ(table, fd);
	struct file *file = NULL;

	if (fd < 0 || fd >= BPF_CORE_READ(table, max_fds))
		return NULL;
	bpf_probe_read_kernel(&file, sizeof(file), descriptors + fd);
	return socket_of_file(file);
}

#endif
