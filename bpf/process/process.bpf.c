// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * Process sensor: program starts (exec), new processes (fork), their ends, and moves
 * to another cgroup.
 *
 * Hooks: BTF-enabled raw tracepoints sched_process_exec, sched_process_fork,
 * sched_process_exit and cgroup_attach_task (Linux 5.5 and newer). They run in the
 * context of the task that acts, cannot be bypassed by any system call flavour, and
 * exist where kprobes and fentry are locked down.
 *
 * Misses: processes older than culprit (filled in from /proc), failed execs,
 * argument vectors past 4 KiB (flagged), path components past the first 48.
 */
#define DEFINE_RING
#include "event.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define PATH_SIZE 4096
#define NAME_SIZE 256
#define PATH_DEPTH 48
#define ARGUMENTS_SIZE 4096
/* Power of two, so that one AND bounds an offset; holds three paths and the arguments. */
#define DATA_SIZE (4 * PATH_SIZE)

/* Which strings of an exec record are incomplete. */
enum process_cut {
	PROCESS_CUT_EXE = 1,
	PROCESS_CUT_CWD = 2,
	PROCESS_CUT_CGROUP = 4,
	PROCESS_CUT_ARGUMENTS = 8,
};

/* Lost because the ring was full. */
__u64 process_lost_ring = 0;

#pragma clang diagnostic push
#pragma clang diagnostic error "-Wpadded"

/*
 * Followed by four strings: executable, working directory and cgroup as path
 * components from the leaf up, each ended by NUL; then the arguments, each ended
 * by NUL.
 */
struct process_exec_event {
	__u64 ts_ns;
	__u16 record_type;
	__u16 cut_flags;
	__u32 netns;
	__u64 start_time_ns;
	__u32 tgid;
	__u32 tid;
	__u32 uid;
	__u32 gid;
	__u64 parent_start_time_ns;
	__u32 parent_tgid;
	__u32 exe_device;
	__u64 exe_inode;
	__u8 comm[COMM_SIZE];
	__u16 exe_size;
	__u16 cwd_size;
	__u16 cgroup_size;
	__u16 arguments_size;
};

struct process_fork_event {
	__u64 ts_ns;
	__u16 record_type;
	__u16 reserved;
	__u32 tgid;
	__u64 start_time_ns;
	__u64 creator_start_time_ns;
	__u64 parent_start_time_ns;
	__u32 creator_tgid;
	__u32 parent_tgid;
	__u32 uid;
	__u32 gid;
	__u32 netns;
	__u32 reserved2;
	__u8 comm[COMM_SIZE];
};

struct process_exit_event {
	__u64 ts_ns;
	__u16 record_type;
	__u16 reserved;
	__u32 tgid;
	__u64 start_time_ns;
	__u32 wait_status;
	__u32 uid;
	__u8 comm[COMM_SIZE];
};

/* Followed by the path of the cgroup, as in an exec record. */
struct process_cgroup_event {
	__u64 ts_ns;
	__u16 record_type;
	__u16 cut_flags;
	__u32 tgid;
	__u64 start_time_ns;
	__u32 cgroup_size;
	__u32 reserved;
};

#pragma clang diagnostic pop

EVENT_LAYOUT(process_exec_event);
EVENT_LAYOUT(process_cgroup_event);
EVENT_LAYOUT(process_fork_event);
EVENT_LAYOUT(process_exit_event);
ENUM_LAYOUT(process_cut);
ENUM_LAYOUT(record_type);

struct exec_scratch {
	/* Offset of the next string. In memory, because the verifier would follow every value of a register. */
	volatile __u32 offset;
	/* A path may not go past this. */
	__u32 limit;
	/* Where the walk is. */
	struct dentry *dentry;
	struct mount *mount;
	struct kernfs_node *node;
	struct process_exec_event event;
	/* The slack lets a name that starts below DATA_SIZE end past it. */
	__u8 data[DATA_SIZE + ARGUMENTS_SIZE];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct exec_scratch);
} process_scratch SEC(".maps");

/* The walk of a path, from its leaf up. */
enum walk_end {
	WALK_GOES_ON,
	WALK_DONE,
	WALK_CUT,
};

/* Appends a NUL-terminated name. Returns false when it cannot be read or no room is left. */
static __always_inline bool append_name(struct exec_scratch *scratch, const void *name)
{
	__u32 offset = scratch->offset;
	long size;

	if (offset + NAME_SIZE > scratch->limit)
		return false;
	size = bpf_probe_read_kernel_str(&scratch->data[offset & (DATA_SIZE - 1)], NAME_SIZE, name);
	if (size <= 0)
		return false;
	scratch->offset = offset + size;
	return true;
}

static __always_inline struct exec_scratch *this_scratch(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&process_scratch, &zero);
}

/*
 * One step of a walk over directories, crossing mounts up to the root of the mount tree. A global function, which the
 * verifier looks at once and not for every step: a third of the time to start culprit was spent here.
 */
__noinline int step_directory(void)
{
	struct exec_scratch *scratch = this_scratch();
	struct dentry *dentry, *parent;
	struct mount *mount;

	if (!scratch)
		return WALK_CUT;
	dentry = scratch->dentry;
	mount = scratch->mount;
	if (dentry == BPF_CORE_READ(mount, mnt.mnt_root)) {
		struct mount *parent_mount = BPF_CORE_READ(mount, mnt_parent);

		if (parent_mount == mount || !parent_mount)
			return WALK_DONE;
		scratch->dentry = BPF_CORE_READ(mount, mnt_mountpoint);
		scratch->mount = parent_mount;
		return WALK_GOES_ON;
	}
	if (!append_name(scratch, BPF_CORE_READ(dentry, d_name.name)))
		return WALK_CUT;
	parent = BPF_CORE_READ(dentry, d_parent);
	scratch->dentry = parent;
	/* Files of no directory (memfd) are their own parent. */
	return parent == dentry || !parent ? WALK_DONE : WALK_GOES_ON;
}

/* Appends the components of a path, leaf first. */
static __always_inline __u32 append_path(struct exec_scratch *scratch, struct vfsmount *vfsmount,
					 struct dentry *dentry, __u16 cut_flag)
{
	__u32 start = scratch->offset;
	int end = WALK_GOES_ON;

	scratch->mount = (void *)vfsmount - bpf_core_field_offset(struct mount, mnt);
	scratch->dentry = dentry;
	scratch->limit = start + PATH_SIZE;
	for (int i = 0; i < PATH_DEPTH && end == WALK_GOES_ON; i++)
		end = step_directory();
	if (end != WALK_DONE)
		scratch->event.cut_flags |= cut_flag;
	return scratch->offset - start;
}

static __always_inline struct kernfs_node *kernfs_parent(struct kernfs_node *node)
{
	struct kernfs_node___rcu *renamed = (void *)node;

	if (bpf_core_field_exists(renamed->__parent))
		return BPF_CORE_READ(renamed, __parent);
	return BPF_CORE_READ(node, parent);
}

/* The cgroup of a v1 hierarchy, or NULL where the task is at its root. */
static __always_inline struct kernfs_node *v1_cgroup(struct css_set *set, __u32 index)
{
	struct cgroup_subsys_state *state = NULL;
	struct kernfs_node *node;

	bpf_core_read(&state, sizeof(state), &set->subsys[index & 15]);
	node = BPF_CORE_READ(state, cgroup, kn);
	return node && kernfs_parent(node) ? node : NULL;
}

/* The cgroup v2 of the task or, where that is the root, its cgroup in a v1 hierarchy (hybrid hosts). */
static __always_inline struct kernfs_node *task_cgroup(struct task_struct *task)
{
	struct css_set *set = BPF_CORE_READ(task, cgroups);
	struct kernfs_node *node = BPF_CORE_READ(set, dfl_cgrp, kn);
	struct kernfs_node *v1 = NULL;

	if (kernfs_parent(node))
		return node;
	if (bpf_core_enum_value_exists(enum cgroup_subsys_id, pids_cgrp_id))
		v1 = v1_cgroup(set, bpf_core_enum_value(enum cgroup_subsys_id, pids_cgrp_id));
	if (!v1 && bpf_core_enum_value_exists(enum cgroup_subsys_id, memory_cgrp_id))
		v1 = v1_cgroup(set, bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id));
	return v1 ? v1 : node;
}

/* One step of a walk over cgroups; see step_directory(). */
__noinline int step_cgroup(void)
{
	struct exec_scratch *scratch = this_scratch();
	struct kernfs_node *node, *parent;

	if (!scratch)
		return WALK_CUT;
	node = scratch->node;
	parent = kernfs_parent(node);
	/* The root has no parent, and a name that is no part of the path. */
	if (!parent)
		return WALK_DONE;
	if (!append_name(scratch, BPF_CORE_READ(node, name)))
		return WALK_CUT;
	scratch->node = parent;
	return WALK_GOES_ON;
}

static __always_inline __u32 append_cgroup(struct exec_scratch *scratch, struct kernfs_node *node)
{
	__u32 start = scratch->offset;
	int end = WALK_GOES_ON;

	scratch->node = node;
	scratch->limit = start + PATH_SIZE;
	for (int i = 0; i < PATH_DEPTH && end == WALK_GOES_ON; i++)
		end = step_cgroup();
	if (end != WALK_DONE)
		scratch->event.cut_flags |= PROCESS_CUT_CGROUP;
	return scratch->offset - start;
}

static __always_inline __u32 append_arguments(struct exec_scratch *scratch, struct mm_struct *mm)
{
	unsigned long begin = BPF_CORE_READ(mm, arg_start);
	unsigned long end = BPF_CORE_READ(mm, arg_end);
	__u64 size = end - begin;
	__u32 offset = scratch->offset;

	if (end <= begin)
		return 0;
	if (size > ARGUMENTS_SIZE) {
		scratch->event.cut_flags |= PROCESS_CUT_ARGUMENTS;
		size = ARGUMENTS_SIZE;
	}
	if (bpf_probe_read_user(&scratch->data[offset & (DATA_SIZE - 1)], size, (void *)begin)) {
		scratch->event.cut_flags |= PROCESS_CUT_ARGUMENTS;
		return 0;
	}
	scratch->offset = offset + size;
	return size;
}

/* Tells where a process is now. */
static __always_inline void send_cgroup(struct task_struct *task)
{
	struct exec_scratch *scratch = this_scratch();
	struct process_cgroup_event *event;
	__u32 size;

	if (!scratch)
		return;
	event = (void *)scratch->data;
	event->ts_ns = bpf_ktime_get_boot_ns();
	event->record_type = RECORD_CGROUP;
	event->tgid = BPF_CORE_READ(task, tgid);
	event->start_time_ns = process_start_ns(task);
	event->reserved = 0;
	scratch->event.cut_flags = 0;
	scratch->offset = sizeof(*event);
	event->cgroup_size = append_cgroup(scratch, task_cgroup(task));
	event->cut_flags = scratch->event.cut_flags;
	size = scratch->offset;
	if (size > DATA_SIZE)
		size = DATA_SIZE;
	if (bpf_ringbuf_output(&events, event, size, BPF_RB_NO_WAKEUP))
		COUNT(process_lost_ring);
}

SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(process_cgroup, struct cgroup *to, const char *path, struct task_struct *task)
{
	/* A thread may be moved on its own; the process is where its leader is. */
	if (task->pid == task->tgid)
		send_cgroup(task);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(process_exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	struct exec_scratch *scratch;
	struct process_exec_event *event;
	struct task_identity id;
	struct mm_struct *mm;
	struct file *exe;
	struct fs_struct *fs;
	struct dentry *dentry;
	struct task_struct *parent;
	__u32 size;

	scratch = this_scratch();
	if (!scratch)
		return 0;
	event = &scratch->event;
	event->ts_ns = bpf_ktime_get_boot_ns();
	event->record_type = RECORD_EXEC;
	event->cut_flags = 0;
	event->netns = BPF_CORE_READ(task, nsproxy, net_ns, ns.inum);
	read_identity(&id, task);
	event->start_time_ns = id.start_time_ns;
	event->tgid = id.tgid;
	event->tid = id.tid;
	event->uid = id.uid;
	event->gid = id.gid;
	__builtin_memcpy(event->comm, id.comm, COMM_SIZE);
	parent = BPF_CORE_READ(task, real_parent);
	event->parent_tgid = BPF_CORE_READ(parent, tgid);
	event->parent_start_time_ns = process_start_ns(parent);

	mm = BPF_CORE_READ(task, mm);
	exe = BPF_CORE_READ(mm, exe_file);
	dentry = BPF_CORE_READ(exe, f_path.dentry);
	event->exe_inode = BPF_CORE_READ(dentry, d_inode, i_ino);
	event->exe_device = BPF_CORE_READ(dentry, d_inode, i_sb, s_dev);
	scratch->offset = 0;
	event->exe_size = append_path(scratch, BPF_CORE_READ(exe, f_path.mnt), dentry, PROCESS_CUT_EXE);
	fs = BPF_CORE_READ(task, fs);
	event->cwd_size = append_path(scratch, BPF_CORE_READ(fs, pwd.mnt), BPF_CORE_READ(fs, pwd.dentry),
				      PROCESS_CUT_CWD);
	event->cgroup_size = append_cgroup(scratch, task_cgroup(task));
	event->arguments_size = append_arguments(scratch, mm);

	size = scratch->offset;
	if (size > DATA_SIZE)
		size = DATA_SIZE;
	if (bpf_ringbuf_output(&events, event, sizeof(*event) + size, BPF_RB_NO_WAKEUP))
		COUNT(process_lost_ring);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(process_fork, struct task_struct *parent, struct task_struct *child)
{
	struct process_fork_event *event;
	struct task_struct *real_parent;

	/* A new thread is no new process. */
	if (child->pid != child->tgid)
		return 0;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		COUNT(process_lost_ring);
		return 0;
	}
	event->ts_ns = bpf_ktime_get_boot_ns();
	event->record_type = RECORD_FORK;
	event->reserved = 0;
	event->tgid = child->tgid;
	event->start_time_ns = child->start_boottime;
	event->creator_tgid = parent->tgid;
	event->creator_start_time_ns = process_start_ns(parent);
	/* Differs from the creator after clone(CLONE_PARENT). */
	real_parent = BPF_CORE_READ(child, real_parent);
	event->parent_tgid = BPF_CORE_READ(real_parent, tgid);
	event->parent_start_time_ns = process_start_ns(real_parent);
	event->uid = BPF_CORE_READ(child, real_cred, uid.val);
	event->gid = BPF_CORE_READ(child, real_cred, gid.val);
	event->netns = BPF_CORE_READ(child, nsproxy, net_ns, ns.inum);
	event->reserved2 = 0;
	bpf_core_read(event->comm, sizeof(event->comm), &child->comm);
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
	/* clone3(CLONE_INTO_CGROUP). */
	if (child->cgroups != parent->cgroups)
		send_cgroup(child);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(process_exit, struct task_struct *task)
{
	struct process_exit_event *event;
	struct signal_struct *signal = task->signal;
	int group_exit_code;

	/* The process ends with its last thread. */
	if (BPF_CORE_READ(signal, live.counter) > 0)
		return 0;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		COUNT(process_lost_ring);
		return 0;
	}
	group_exit_code = BPF_CORE_READ(signal, group_exit_code);
	event->ts_ns = bpf_ktime_get_boot_ns();
	event->record_type = RECORD_EXIT;
	event->reserved = 0;
	event->tgid = task->tgid;
	event->start_time_ns = process_start_ns(task);
	event->wait_status = group_exit_code ? group_exit_code : task->exit_code;
	event->uid = BPF_CORE_READ(task, real_cred, uid.val);
	bpf_core_read(event->comm, sizeof(event->comm), &task->comm);
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
	return 0;
}
